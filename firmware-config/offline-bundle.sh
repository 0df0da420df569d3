#!/bin/sh
# Builds dist/edgeall-offline-VERSION.tar.gz: all that install.sh needs on a device without internet.
#
#   PYTHON=python3 firmware-config/offline-bundle.sh
#
# PYTHON must have pip. ARCHES and PYTHONS may name fewer targets, SUITES="" leaves out the packages,
# OUT names another folder than dist/.
set -eu
umask 022
REPO=$(cd "$(dirname "$0")/.." && pwd)
PYTHON=${PYTHON:-python3}
ARCHES=${ARCHES:-"aarch64 x86_64"}
PYTHONS=${PYTHONS:-"3.11 3.13"}
SUITES=${SUITES-"bookworm trixie"}
OUT=${OUT:-$REPO/dist}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# What the read-only root needs: overlayroot depends on cryptsetup, which brings the rest.
# Its script in the initramfs needs more than the small shell there: without busybox its grep is missing.
PACKAGES="overlayroot cryptsetup cryptsetup-bin dmsetup libdevmapper1.02.1 libcryptsetup12 libpopt0
	libargon2-1 libjson-c5 busybox"

fail() {
	echo "offline-bundle: $*" >&2
	exit 1
}

version() {
	sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$REPO/edgeall/__init__.py"
}

edgeall_wheel() {
	"$PYTHON" -m pip wheel --quiet --disable-pip-version-check --no-deps -w "$1" "$REPO" ||
		fail "the wheel of edgeall was not built; the lines above say why."
}

# The C library of Debian 12 is 2.36, so wheels for all of these run there.
platforms() {
	for policy in manylinux_2_35 manylinux_2_34 manylinux_2_31 manylinux_2_28 manylinux_2_27 \
		manylinux_2_26 manylinux_2_24 manylinux_2_17 manylinux2014; do
		printf -- '--platform %s_%s ' "$policy" "$1"
	done
}

wheels_for() { # FOLDER PYTHON ARCH
	short=$(echo "$2" | tr -d .)
	# shellcheck disable=SC2046 # one word for each platform
	"$PYTHON" -m pip download --quiet --disable-pip-version-check --dest "$1" \
		--only-binary=:all: --implementation cp --python-version "$2" \
		--abi "cp$short" --abi abi3 --abi none $(platforms "$3") \
		--constraint "$REPO/firmware-config/constraints-py$short.txt" \
		pip "$1"/edgeall-*.whl ||
		fail "a wheel for Python $2 on $3 cannot be had: pip named it above."
	echo "$2 $3" >>"$1/../SERVES"
	echo "Python $2 on $3: all wheels are there"
}

# A private apt, so that other releases and architectures can be asked without touching this system.
packages_for() { # FOLDER SUITE ARCH
	apt=$(mktemp -d)
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/etc/preferences.d" "$1"
	: >"$apt/status"
	echo "deb [signed-by=$KEYRING] $MIRROR $2 main" >"$apt/etc/sources.list"
	options="-o Dir::State=$apt/state -o Dir::State::status=$apt/status -o Dir::Cache=$apt/cache
		-o Dir::Etc=$apt/etc -o APT::Architecture=$3 -o APT::Architectures=$3
		-o APT::Sandbox::User=root -o Acquire::Languages=none"
	# shellcheck disable=SC2086 # options and packages are lists of words
	(cd "$1" && apt-get -qq $options update && apt-get -qq $options download $PACKAGES) ||
		fail "the packages of $2 for $3 cannot be had from $MIRROR; SUITES=\"\" leaves them out."
	rm -rf "$apt"
	echo "$2 on $3: packages are there"
}

debian_name() {
	case $1 in
	aarch64) echo arm64 ;;
	x86_64) echo amd64 ;;
	*) fail "no Debian architecture is known for $1." ;;
	esac
}

copy_kit() {
	cp -R "$REPO/firmware-config" "$REPO/systemd" "$1/"
	find "$1" -name __pycache__ -prune -exec rm -rf {} +
	ln -s firmware-config/install.sh "$1/install.sh"
	cp "$REPO/LICENSE" "$REPO/NOTICE" "$1/"
}

pack() { # FOLDER
	# shellcheck disable=SC2094 # the list leaves itself out
	(cd "$1" && find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z |
		xargs -0 sha256sum >SHA256SUMS)
	mkdir -p "$OUT"
	tar -C "$(dirname "$1")" --owner=0 --group=0 -czf "$OUT/$(basename "$1").tar.gz" \
		"$(basename "$1")"
	du -h "$OUT/$(basename "$1").tar.gz"
}

main() {
	command -v "$PYTHON" >/dev/null || fail "$PYTHON is not there; name one with PYTHON=."
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	bundle=$work/edgeall-offline-$(version)
	mkdir -p "$bundle/wheels"
	edgeall_wheel "$bundle/wheels"
	for arch in $ARCHES; do
		for python in $PYTHONS; do
			wheels_for "$bundle/wheels" "$python" "$arch"
		done
		for suite in $SUITES; do
			name=$(debian_name "$arch")
			packages_for "$bundle/packages/$suite-$name" "$suite" "$name"
		done
	done
	copy_kit "$bundle"
	pack "$bundle"
}

main
