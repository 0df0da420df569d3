# shellcheck shell=sh
# Everything that the kit brought goes; findings and settings stay.

uninstall() {
	[ -d "$ROOT$BASE" ] || [ -e "$ROOT/etc/systemd/system/edgeall.service" ] ||
		fail "edgeall is not installed here; there is nothing to remove."
	stop_units
	PLACED=
	drop_forgotten
	drop "$CONNECTION"
	restore_boot
	drop "$BASE"
	drop /srv/edgeall/clock
	if running && [ "$DRY" = 0 ]; then
		systemctl daemon-reload
		udevadm control --reload 2>/dev/null || true
	fi
	remove_empty_folders
	say "Findings stay in /var/lib/edgeall, settings in /etc/edgeall, and the user edgeall that owns them; remove them by hand when nobody needs them."
}

# The data partition stays mounted until the next start; its units are gone then.
stop_units() {
	running || return 0
	change "stop edgeall" || return 0
	systemctl stop 'edgeall*.timer' 'edgeall*.path' 'edgeall*.socket' 'edgeall*.service' || true
}

remove_empty_folders() {
	[ "$DRY" = 0 ] || return 0
	for each in /usr/local/lib/edgeall /etc/systemd/system.conf.d /etc/systemd/journald.conf.d \
		/etc/systemd/system/timers.target.wants /etc/systemd/system/sysinit.target.wants \
		/etc/systemd/system/multi-user.target.wants /etc/systemd/system/local-fs.target.wants \
		/srv/edgeall /etc/NetworkManager/dnsmasq-shared.d /etc/rpi/swap.conf.d; do
		[ ! -d "$ROOT$each" ] || rmdir 2>/dev/null --ignore-fail-on-non-empty "$ROOT$each"
	done
}
