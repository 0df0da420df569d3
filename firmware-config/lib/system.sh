# shellcheck shell=sh
# Everything around the program: units, users, rules, and what an upgrade switches.

# place_system KIT UNITS: the system files of one version of the kit.
place_system() {
	PLACED=
	place_units "$2"
	put "$2/edgeall.sysusers" /usr/lib/sysusers.d/edgeall.conf 644
	put "$2/edgeall.tmpfiles" /usr/lib/tmpfiles.d/edgeall.conf 644
	put "$2/journald-edgeall.conf" /etc/systemd/journald.conf.d/edgeall.conf 644
	put_tree "$1/system/common"
	[ "$HOTSPOT" = no ] || put_tree "$1/system/hotspot"
	[ "$DATA" = no ] || put_tree "$1/system/data"
	[ "$READ_ONLY" = no ] || put_tree "$1/system/read-only"
	no_swap_on_card "$1"
	put_link "$BASE/current/bin/edgeall" /usr/local/bin/edgeall
	enable_units
	drop_forgotten
	remember_files
}

# The unit that installs the rest, and is itself forgotten by that.
place_first_boot() {
	PLACED=
	put_tree "$KIT/system/first-boot"
	enable_units
	remember_files
}

place_units() { # UNITS
	for each in "$1"/*.service "$1"/*.timer "$1"/*.path "$1"/*.socket; do
		[ ! -e "$each" ] || put "$each" "/etc/systemd/system/${each##*/}" 644
	done
}

# Links as 'systemctl enable' makes them, which also works where no systemd runs.
enable_units() {
	for unit in $(printf '%s' "$PLACED" | grep '^/etc/systemd/system/edgeall[^/]*$\|\.mount$'); do
		source=$(unit_source "$unit")
		# shellcheck disable=SC2013 # words, not lines: WantedBy= takes several units
		for target in $(sed -n 's/^WantedBy=//p' "$source"); do
			put_link "$unit" "/etc/systemd/system/$target.wants/${unit##*/}"
		done
	done
}

# In a dry run the unit is not there yet: look where it comes from.
unit_source() {
	for each in "$UNITS/${1##*/}" "$KIT"/system/*"$1" "$ROOT$1"; do
		if [ -e "$each" ]; then
			echo "$each"
			return
		fi
	done
}

no_swap_on_card() { # KIT
	if [ -e "$ROOT/etc/rpi/swap.conf" ]; then
		put_tree "$1/system/rpi-swap"
	fi
	for each in /usr/lib /lib; do
		if [ -e "$ROOT$each/systemd/system/dphys-swapfile.service" ]; then
			put_link /dev/null /etc/systemd/system/dphys-swapfile.service
			running && change "stop the swap file of dphys-swapfile" && dphys-swapfile swapoff
			break
		fi
	done
	if grep -Eq '^[^#]\S*\s+\S+\s+swap\s' "$ROOT/etc/fstab" 2>/dev/null; then
		warn "/etc/fstab has swap on a disk; a card wears out by it, so remove that line unless it is no card."
	fi
}

# The user and folders must be there before the self-test runs as that user.
make_user() {
	live || return 0
	[ "$DRY" = 0 ] || return 0
	systemd-sysusers "$UNITS/edgeall.sysusers" || fail "the user edgeall was not made; the lines above say why."
	systemd-tmpfiles --create "$UNITS/edgeall.tmpfiles" ||
		fail "the folders of edgeall were not made; the lines above say why."
}

place_settings() {
	[ ! -e "$ROOT/etc/edgeall/edgeall.toml" ] || return 0
	change "write /etc/edgeall/edgeall.toml" || return 0
	mkdir -p "$ROOT/etc/edgeall"
	cp "$KIT/edgeall.toml" "$ROOT/etc/edgeall/edgeall.toml" || disk_full /etc/edgeall/edgeall.toml
	# Which camera is known here; the program would otherwise take the first that it finds.
	if [ "$CAMERA" = usb ]; then
		printf '[camera]\nsource = "v4l2:/dev/edgeall-camera"\n' >>"$ROOT/etc/edgeall/edgeall.toml"
	fi
}

# The backups' key, which must also be somewhere else than on the device that may be lost.
make_passphrase() {
	file=/etc/edgeall/backup.passphrase
	[ ! -e "$ROOT$file" ] || return 0
	change "write $file with a new passphrase" || return 0
	passphrase=$(secret 5)-$(secret 5)-$(secret 5)-$(secret 5)
	mkdir -p "$ROOT/etc/edgeall"
	(
		umask 077
		echo "$passphrase" >"$ROOT$file"
	) || disk_full "$file"
	# Under --root the user may not be there yet; edgeall.tmpfiles gives it to him at each start.
	! live || chown edgeall: "$file"
	say "The backups are sealed with the passphrase '$passphrase'. Keep it apart from the device: it is shown once, and without it no backup can be read."
}

# The new version takes over; where it does not start, the one before does.
take_over() {
	before=$(current_version)
	if [ "$before" = "$VERSION" ]; then
		place_system "$KIT" "$UNITS"
		[ "$CHANGES" = 0 ] || restart_service || fail "edgeall $VERSION does not start; 'journalctl -u edgeall' says why."
		return 0
	fi
	place_system "$KIT" "$UNITS"
	change "let version $VERSION run${before:+ instead of $before}" || return 0
	switch_to "$VERSION"
	restart_service || go_back "$before"
	drop_older_versions "$VERSION" "$before"
}

go_back() { # VERSION
	if [ -z "$1" ] || [ ! -d "$ROOT$VERSIONS/$1" ]; then
		systemctl stop edgeall.service || true
		fail "edgeall $VERSION does not start, and there is no earlier version to go back to; 'journalctl -u edgeall' says why."
	fi
	switch_to "$1"
	place_system "$ROOT$VERSIONS/$1/kit/firmware-config" "$ROOT$VERSIONS/$1/kit/systemd"
	rm -rf "$ROOT${NEW:?}"
	if restart_service; then
		fail "edgeall $VERSION did not start, so version $1 runs again; 'journalctl -u edgeall' says why it did not."
	fi
	fail "edgeall $VERSION did not start, and version $1, which was put back, does not either; 'journalctl -u edgeall' says why."
}

# Type=notify: restart returns when the service says that it is ready, or has failed.
restart_service() {
	running || return 0
	[ "$DRY" = 0 ] || return 0
	systemctl daemon-reload
	# A container has no udev.
	udevadm control --reload 2>/dev/null || true
	systemctl try-reload-or-restart systemd-journald.service || true
	systemctl reset-failed edgeall.service 2>/dev/null || true
	for unit in $(printf '%s' "$PLACED" | sed -n 's|^/etc/systemd/system/\(edgeall[^/]*\.\(timer\|path\|socket\)\)$|\1|p'); do
		systemctl restart "$unit" || return 1
	done
	systemctl restart edgeall.service && systemctl is-active --quiet edgeall.service
}
