# shellcheck shell=sh
# Packages of the system, only those that what was asked for needs.

wanted_packages() {
	[ "$HOTSPOT" = no ] || echo network-manager dnsmasq-base
	# overlayroot's script in the initramfs calls grep, which is busybox's there.
	[ "$READ_ONLY" = no ] || echo busybox overlayroot
	[ -n "$BUNDLE" ] || echo python3-venv
	case $CAMERA in
	imx* | ov*) echo python3-picamera2 ;;
	esac
}

is_package_there() {
	dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

# On a card that is mounted here the first start installs them.
install_packages() {
	live || return 0
	missing=
	for package in $(wanted_packages); do
		is_package_there "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	change "install the packages$missing" || return 0
	if [ -n "$BUNDLE" ]; then
		install_debs
	else
		# shellcheck disable=SC2086 # a list of words
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing ||
			fail "the packages$missing could not be installed; is there a network, and did 'apt update' run?"
	fi
}

# A package and those that it needs lie side by side in the bundle.
install_debs() {
	debs=$BUNDLE/packages/$(os_release VERSION_CODENAME)-$ARCH
	for package in $missing; do
		for deb in "$debs/${package}"_*.deb; do
			[ -e "$deb" ] || fail "the package $package is neither installed nor in the bundle; install it once with internet ('apt install --no-install-recommends $package'), or put its .deb into $debs."
		done
	done
	export DEBIAN_FRONTEND=noninteractive
	dpkg --install --skip-same-version --refuse-downgrade "$debs"/*.deb >&2 &&
		# What an earlier run, or a power cut, left half done.
		dpkg --configure --pending >&2 ||
		fail "the packages$missing could not be installed from $debs; dpkg says why above."
}
