# shellcheck shell=sh
# What the machine is, and every reason not to begin.

live() {
	[ -z "$ROOT" ]
}

# systemd runs here; in a chroot that builds an image it does not.
running() {
	live && [ -d /run/systemd/system ]
}

os_release() {
	sed -n "s/^$1=\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" "$ROOT/etc/os-release" 2>/dev/null
}

check_root_folder() {
	live && return 0
	[ -d "$ROOT" ] || fail "--root $ROOT is no folder; mount the card and name where it is."
	[ -r "$ROOT/etc/os-release" ] ||
		fail "--root $ROOT holds no system (no etc/os-release); name the card's root partition."
}

check_rights() {
	[ "$DRY" = 1 ] && return 0
	if live; then
		[ "$(id -u)" = 0 ] || fail "this changes the system and needs root; run it with sudo."
	else
		[ -w "$ROOT/etc" ] || fail "$ROOT/etc cannot be written; run it with sudo, or remount it."
	fi
}

check_release() {
	RELEASE=$(os_release VERSION_ID)
	case $(os_release ID):$RELEASE in
	debian:12 | raspbian:12) TREE_PYTHON=3.11 ;;
	debian:13 | raspbian:13) TREE_PYTHON=3.13 ;;
	*) fail "this is $(os_release PRETTY_NAME), and only Debian and Raspberry Pi OS 12 and 13 are known; start from one of these." ;;
	esac
	[ "$(os_release ID)" != raspbian ] || fail "$BITS"
}

BITS="this is a 32-bit system, for which the network has no runtime; install the 64-bit Raspberry Pi OS."

check_architecture() {
	if live; then
		ARCH=$(dpkg --print-architecture 2>/dev/null) || fail "dpkg is not there; this is no Debian."
	else
		ARCH=$(tree_architecture)
	fi
	case $ARCH in
	arm64 | amd64) ;;
	armhf | armel | i386) fail "$BITS" ;;
	*) fail "the architecture is '$ARCH', and only arm64 and amd64 are known; use a 64-bit Raspberry Pi or PC." ;;
	esac
}

# The C library is in every Debian and is listed under its architecture.
tree_architecture() {
	for list in "$ROOT"/var/lib/dpkg/info/libc6:*.list; do
		list=${list##*/libc6:}
		echo "${list%.list}"
		return
	done
}

check_room() { # MEBIBYTES
	free=$(df -Pm "$ROOT/" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		fail "$free MB are free and $1 MB are needed; remove something, or use a larger card."
}

check_not_read_only() {
	[ "$DRY" = 1 ] && return 0
	running || return 0
	if grep -q 'overlayroot=tmpfs' /proc/cmdline; then
		fail "the root is read-only and would forget this; run 'install.sh --writable', start again, then install."
	fi
}

check_bundle() {
	[ -n "$BUNDLE" ] || return 0
	[ -d "$BUNDLE/wheels" ] || fail "$BUNDLE has no folder wheels; name the folder that the offline bundle was unpacked to."
	[ -r "$BUNDLE/SHA256SUMS" ] || fail "$BUNDLE has no SHA256SUMS; unpack the offline bundle again."
	broken=$(cd "$BUNDLE" && LC_ALL=C sha256sum --quiet -c SHA256SUMS 2>/dev/null | sed 's/: FAILED.*//' | head -n 3 | tr '\n' ' ') || true
	[ -z "$broken" ] || fail "the bundle is damaged (${broken% }); copy and unpack it again."
	check_wheels
}

# The bundle says which Pythons and machines its wheels are for.
check_wheels() {
	machine=$(echo "$ARCH" | sed 's/arm64/aarch64/; s/amd64/x86_64/')
	grep -qx "$TREE_PYTHON $machine" "$BUNDLE/SERVES" 2>/dev/null ||
		fail "the bundle has no wheels for Python $TREE_PYTHON on $machine; build one for it with 'make offline-bundle'."
	only_wheel >/dev/null
}

# The program's own wheel: exactly one, so that nobody guesses which version was meant.
only_wheel() {
	set -- "$BUNDLE"/wheels/edgeall-*.whl
	if [ $# != 1 ] || [ ! -e "$1" ]; then
		fail "$BUNDLE/wheels must hold exactly one wheel of edgeall; unpack the offline bundle again."
	fi
	echo "$1"
}

detect_board() {
	model=$(cat "$ROOT/proc/device-tree/model" 2>/dev/null | tr -d '\0')
	case $model in
	*"Zero 2"*) echo zero2w ;;
	*"Raspberry Pi 3"* | *"Compute Module 3"*) echo 3 ;;
	*"Raspberry Pi 4"* | *"Compute Module 4"*) echo 4 ;;
	*"Raspberry Pi 5"* | *"Compute Module 5"*) echo 5 ;;
	*) if [ -n "$BOOT" ]; then echo auto; else echo other; fi ;;
	esac
}

# Where config.txt lies, as a path on the device; empty where there is none.
find_boot() {
	BOOT=
	for each in /boot/firmware /boot; do
		if [ -f "$ROOT$each/config.txt" ] && [ -f "$ROOT$each/cmdline.txt" ]; then
			BOOT=$each
			return 0
		fi
	done
}
