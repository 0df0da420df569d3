# shellcheck shell=sh
# The Raspberry Pi's boot partition; its files are merged by boot/merge.py.

merge_boot() {
	[ -n "$BOOT" ] || return 0
	set -- apply "$ROOT$BOOT" --camera "$CAMERA"
	[ "$BOARD" = other ] || set -- "$@" --board "$BOARD"
	[ "$RTC_BATTERY" = no ] || set -- "$@" --extra rtc-battery
	# recurse=0: only the root is kept in memory; the data partition stays what it is.
	[ "$READ_ONLY" = no ] || [ "$FIRST_BOOT" = yes ] || set -- "$@" --parameter overlayroot=tmpfs:recurse=0
	[ -z "$COUNTRY" ] || set -- "$@" --parameter "cfg80211.ieee80211_regdom=$COUNTRY"
	run_merge "$@"
}

restore_boot() {
	[ -z "$BOOT" ] || run_merge restore "$ROOT$BOOT"
}

run_merge() {
	[ "$DRY" = 0 ] || set -- "$@" --dry-run
	told=$("$PYTHON" "$KIT/boot/merge.py" "$@") || fail "the boot partition stays as it was; see above."
	[ -n "$told" ] || return 0
	say "$told"
	CHANGES=$((CHANGES + 1))
	REBOOT=yes
}
