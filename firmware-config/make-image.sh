#!/bin/sh
# Builds a Debian 13 root with the device installed in it, for qemu; see README.md.
#
#   ARCH=arm64 firmware-config/make-image.sh
#
# ARCH is arm64 or amd64. Needs root, mmdebstrap, e2fsprogs and the offline bundle in dist/; for
# another architecture than this machine's also qemu-user-static (about 10 minutes instead of 2).
set -eu
umask 022
REPO=$(cd "$(dirname "$0")/.." && pwd)
ARCH=${ARCH:-arm64}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
SIZE=${SIZE:-4G}
OUT=$REPO/dist/edgeall-debian13-$ARCH

fail() {
	echo "make-image: $*" >&2
	exit 1
}

check() {
	[ "$(id -u)" = 0 ] || fail "a root file system is made by root; run it with sudo."
	for tool in mmdebstrap mkfs.ext4; do
		command -v "$tool" >/dev/null || fail "$tool is not there; 'apt install mmdebstrap e2fsprogs'."
	done
	case $ARCH in
	arm64 | amd64) ;;
	*) fail "ARCH=$ARCH is not known; arm64 or amd64." ;;
	esac
	if [ "$ARCH" != "$(dpkg --print-architecture)" ] && ! arch-test "$ARCH" >/dev/null 2>&1; then
		fail "this machine does not run $ARCH programs; 'apt install qemu-user-static arch-test'."
	fi
}

newest_bundle() {
	# shellcheck disable=SC2012 # the newest by time; our own names have no odd characters
	ls -t "$REPO"/dist/edgeall-offline-*.tar.gz 2>/dev/null | head -n 1
}

# What a Raspberry Pi OS Lite also has; the cloud kernel has the drivers that qemu needs.
PACKAGES=systemd-sysv,udev,dbus,kmod,python3,linux-image-cloud-$ARCH,initramfs-tools,e2fsprogs
PACKAGES=$PACKAGES,network-manager,dnsmasq-base,iproute2,util-linux-extra,ca-certificates

build_root() { # FOLDER BUNDLE
	mmdebstrap --quiet --variant=minbase --architectures="$ARCH" --include="$PACKAGES" \
		--customize-hook="mkdir -p \"\$1/opt/bundle\"" \
		--customize-hook="tar -xzf '$2' -C \"\$1/opt/bundle\" --strip-components=1" \
		--customize-hook="chroot \"\$1\" /opt/bundle/install.sh --board other --camera usb" \
		--customize-hook="rm -rf \"\$1/opt/bundle\"" \
		--customize-hook="echo edgeall >\"\$1/etc/hostname\"" \
		--customize-hook="echo '/dev/vda / ext4 errors=remount-ro 0 1' >\"\$1/etc/fstab\"" \
		--customize-hook="chroot \"\$1\" passwd --delete root" \
		trixie "$1" "$MIRROR" || fail "the root was not built; the lines above say why."
}

main() {
	check
	bundle=$(newest_bundle)
	[ -n "$bundle" ] || fail "dist/ has no offline bundle; run 'make offline-bundle' first."
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	build_root "$work/root" "$bundle"
	mkdir -p "$OUT"
	cp "$work"/root/boot/vmlinuz-* "$OUT/vmlinuz"
	cp "$work"/root/boot/initrd.img-* "$OUT/initrd.img"
	rm -f "$OUT/root.ext4"
	mkfs.ext4 -q -L edgeall-root -d "$work/root" "$OUT/root.ext4" "$SIZE"
	du -h "$OUT"/*
}

main
