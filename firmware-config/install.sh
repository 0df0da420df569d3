#!/bin/sh
# Turns a bare Raspberry Pi OS or Debian, 12 or 13, 64-bit, into the device; see README.md.
# Run again it changes nothing, or upgrades, and goes back where the new version does not work.
# shellcheck source-path=SCRIPTDIR
set -eu
umask 022

KIT=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
REPO=${KIT%/*}
UNITS=$REPO/systemd
BASE=/opt/edgeall
PYTHON=/usr/bin/python3

ACTION=install
DRY=0
FIRST_BOOT=no # yes: the program is not installed now but when the card starts
REBOOT=no
ROOT=''
BUNDLE=''
PARTITION=''
# Chosen by a flag, else as it was at the last run, else by what the machine is.
CAMERA=''
BOARD=''
HOTSPOT=''
COUNTRY=''
RTC_BATTERY=''
DATA=''
READ_ONLY=''

. "$KIT/lib/change.sh"
. "$KIT/lib/checks.sh"
. "$KIT/lib/packages.sh"
. "$KIT/lib/program.sh"
. "$KIT/lib/system.sh"
. "$KIT/lib/boot.sh"
. "$KIT/lib/hotspot.sh"
. "$KIT/lib/storage.sh"
. "$KIT/lib/remove.sh"

usage() {
	cat <<-END
		install.sh: makes this machine, or a mounted card, the reader of blood smears

		  --camera NAME        imx477, imx708, imx296, imx219, ov5647, usb or none
		  --board NAME         auto, zero2w, 3, 4, 5 or other
		  --offline FOLDER     an unpacked offline bundle (default: the one this script lies in)
		  --root FOLDER        a mounted card or tree instead of this machine
		  --dry-run            print each change and make none
		  --no-hotspot         no Wi-Fi of its own (--hotspot: the default on a Raspberry Pi)
		  --wifi-country XX    where the Wi-Fi sends
		  --data-partition DEV blank partition for findings and settings
		  --read-only          the root is never written (needs the data partition)
		  --writable           take that back at the next start
		  --rtc-battery        a Pi 5 charges its clock battery (only a rechargeable ML2020)
		  --uninstall          remove everything but findings and settings
	END
}

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--camera | --board | --offline | --root | --wifi-country | --data-partition)
			[ $# -gt 1 ] || fail "$1 needs a value; 'install.sh --help' lists them."
			take_value "$1" "$2"
			shift
			;;
		--dry-run) DRY=1 ;;
		--hotspot) HOTSPOT=yes ;;
		--no-hotspot) HOTSPOT=no ;;
		--read-only) READ_ONLY=yes ;;
		--writable) ACTION=writable ;;
		--rtc-battery) RTC_BATTERY=yes ;;
		--uninstall) ACTION=uninstall ;;
		--help | -h)
			usage
			exit 0
			;;
		*) fail "$1 is no option; 'install.sh --help' lists them." ;;
		esac
		shift
	done
}

take_value() {
	case $1 in
	--camera) CAMERA=$(one_of "$1" "$2" imx477 imx708 imx296 imx219 ov5647 usb none) ;;
	--board) BOARD=$(one_of "$1" "$2" auto zero2w 3 4 5 other) ;;
	--offline) BUNDLE=$(readlink -f "$2") || fail "--offline $2 is no folder; name the unpacked bundle." ;;
	--root) ROOT=$(readlink -f "$2") || fail "--root $2 is no folder; name where the card is mounted." ;;
	--wifi-country)
		case $2 in
		[A-Z][A-Z]) COUNTRY=$2 ;;
		*) fail "--wifi-country $2 is no country; write two capital letters, such as DE." ;;
		esac
		;;
	--data-partition)
		PARTITION=$2
		DATA=yes
		;;
	esac
}

one_of() {
	option=$1
	given=$2
	shift 2
	for each in "$@"; do
		if [ "$given" = "$each" ]; then
			echo "$given"
			return
		fi
	done
	fail "$option $given is not known; choose one of: $*."
}

# What was chosen once holds for upgrades, unless it is chosen anew.
recall() { # NAME DEFAULT
	kept=$(sed -n "s/^$1=//p" "$ROOT$BASE/choices" 2>/dev/null) || kept=
	echo "${kept:-$2}"
}

settle_choices() {
	CAMERA=${CAMERA:-$(recall CAMERA none)}
	BOARD=${BOARD:-$(recall BOARD auto)}
	[ "$BOARD" != auto ] || BOARD=$(detect_board)
	if [ "$BOARD" = other ]; then
		HOTSPOT=${HOTSPOT:-$(recall HOTSPOT no)}
	else
		HOTSPOT=${HOTSPOT:-$(recall HOTSPOT yes)}
	fi
	COUNTRY=${COUNTRY:-$(recall COUNTRY '')}
	RTC_BATTERY=${RTC_BATTERY:-$(recall RTC_BATTERY no)}
	DATA=${DATA:-$(recall DATA no)}
	READ_ONLY=${READ_ONLY:-$(recall READ_ONLY no)}
}

keep_choices() {
	[ "$DRY" = 0 ] || return 0
	mkdir -p "$ROOT$BASE"
	printf '%s\n' "CAMERA=$CAMERA" "BOARD=$BOARD" "HOTSPOT=$HOTSPOT" "COUNTRY=$COUNTRY" \
		"RTC_BATTERY=$RTC_BATTERY" "DATA=$DATA" "READ_ONLY=$READ_ONLY" >"$ROOT$BASE/choices"
}

install_all() {
	check_not_read_only
	check_bundle
	check_read_only_possible
	find_program
	install_packages
	prepare_data_partition
	if can_build; then
		make_user
		build_version
		prove_version
		place_settings
		take_over
	else
		leave_for_first_boot
	fi
	keep_choices
	make_passphrase
	make_hotspot
	merge_boot
	drop_first_boot_bundle
	conclude
}

# The card's system is not this machine's: it installs the program itself when it first starts.
leave_for_first_boot() {
	[ -n "$BUNDLE" ] ||
		fail "this machine cannot run the card's Python $TREE_PYTHON on $ARCH, so the card must bring everything; give --offline with the offline bundle."
	# The overlay comes last: what is installed under it would be forgotten.
	FIRST_BOOT=yes
	if [ ! -e "$ROOT$BASE/bundle/SHA256SUMS" ] || ! cmp -s "$BUNDLE/SHA256SUMS" "$ROOT$BASE/bundle/SHA256SUMS"; then
		copy_bundle
	fi
	place_first_boot
}

copy_bundle() {
	change "copy the bundle to $BASE/bundle, from where the first start installs edgeall $VERSION" || return 0
	check_room 1500
	rm -rf "$ROOT$BASE/bundle"
	mkdir -p "$ROOT$BASE"
	cp -R "$BUNDLE" "$ROOT$BASE/bundle" || disk_full "$BASE/bundle"
}

drop_first_boot_bundle() {
	[ "$KIT" != "$BASE/bundle/firmware-config" ] || drop "$BASE/bundle"
}

conclude() {
	if [ "$CHANGES" = 0 ]; then
		say "Nothing to change: edgeall $VERSION is installed."
	elif [ "$DRY" = 1 ]; then
		say "This was a dry run: nothing was changed."
	else
		say "edgeall $VERSION is installed."
		if live && [ "$REBOOT" = yes ]; then
			say "Start the board again: the boot partition has changed."
		fi
	fi
}

main() {
	parse_options "$@"
	[ -n "$BUNDLE" ] || [ ! -d "$REPO/wheels" ] || BUNDLE=$REPO
	check_root_folder
	check_rights
	check_release
	check_architecture
	find_boot
	settle_choices
	case $ACTION in
	install) install_all ;;
	writable) make_writable ;;
	uninstall) uninstall ;;
	esac
}

main "$@"
