# shellcheck shell=sh
# The data partition and the read-only root.

LABEL=edgeall-data

# A partition that is blank or already ours; anything else is somebody's, and is not touched.
prepare_data_partition() {
	[ -n "$PARTITION" ] || return 0
	[ -b "$PARTITION" ] || fail "$PARTITION is no partition; 'lsblk' shows those that are there."
	! grep -q "^$PARTITION " /proc/mounts || [ "$(blkid -o value -s LABEL "$PARTITION")" = $LABEL ] ||
		fail "$PARTITION is in use; unmount it, or name another."
	if [ "$(blkid -o value -s LABEL "$PARTITION")" != $LABEL ]; then
		[ -z "$(blkid -p -o value -s TYPE -s PTTYPE "$PARTITION")" ] ||
			fail "$PARTITION holds something already; if it may go, clear it with 'wipefs --all $PARTITION' and run install.sh again."
		change "format $PARTITION as $LABEL" || return 0
		mkfs.ext4 -q -L $LABEL "$PARTITION" || fail "$PARTITION could not be formatted; see above."
		udevadm settle || true
	fi
	live || return 0
	move_data
}

# What the device has already found goes onto the partition before it is mounted in its place.
move_data() {
	change_needed=no
	grep -q ' /srv/edgeall ' /proc/mounts || change_needed=yes
	[ $change_needed = yes ] || return 0
	change "mount $PARTITION and copy findings and settings onto it" || return 0
	! running || systemctl stop edgeall.service 2>/dev/null || true
	mkdir -p /srv/edgeall /var/lib/edgeall /etc/edgeall
	mount "$PARTITION" /srv/edgeall || fail "$PARTITION could not be mounted; see above."
	copy_once /var/lib/edgeall /srv/edgeall/state
	copy_once /etc/edgeall /srv/edgeall/settings
	mount --bind /srv/edgeall/state /var/lib/edgeall
	mount --bind /srv/edgeall/settings /etc/edgeall
}

copy_once() { # FROM TO
	[ ! -d "$2" ] || return 0
	cp -a "$1" "$2.new" || disk_full "$2"
	sync -f "$2.new"
	mv "$2.new" "$2"
}

check_read_only_possible() {
	[ "$READ_ONLY" = yes ] || return 0
	[ "$DATA" = yes ] ||
		fail "a read-only root forgets everything at the next start, so findings need a partition of their own; give --data-partition DEVICE."
	[ -n "$BOOT" ] || fail "there is no config.txt, so this is no Raspberry Pi; a read-only root is set up on one only."
}

# Takes the overlay out of cmdline.txt; the kit's other parameters stay.
make_writable() {
	READ_ONLY=no
	running && [ "$DRY" = 0 ] && mount -o remount,rw "$BOOT"
	merge_boot
	say "At the next start the root can be written. The next run of install.sh closes it again."
}
