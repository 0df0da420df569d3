# shellcheck shell=sh
# The device's own Wi-Fi, with a password of its own, made once.

CONNECTION=/etc/NetworkManager/system-connections/edgeall-hotspot.nmconnection

make_hotspot() {
	[ "$HOTSPOT" = yes ] || return 0
	[ ! -e "$ROOT$CONNECTION" ] || return 0
	change "write $CONNECTION with a new password" || return 0
	password=$(secret 12)
	name=edgeall-$(secret 4)
	mkdir -p "$ROOT${CONNECTION%/*}"
	(
		umask 077
		write_connection "$name" "$password" >"$ROOT$CONNECTION"
	) || disk_full "$CONNECTION"
	say "The Wi-Fi of this device is '$name', its password '$password'. Write it down: it is shown once."
	[ -n "$COUNTRY" ] || grep -q ieee80211_regdom "$ROOT$BOOT/cmdline.txt" 2>/dev/null ||
		warn "a Raspberry Pi sends no Wi-Fi before it knows its country; give --wifi-country XX."
	running || return 0
	nmcli connection reload || warn "NetworkManager did not read the hotspot; it will at the next start."
}

# Letters and digits that nobody mistakes for each other on a printed label.
secret() {
	head -c 2000 /dev/urandom | LC_ALL=C tr -dc 'abcdefghjkmnpqrstuvwxyz23456789' | cut -c "1-$1"
}

write_connection() { # NAME PASSWORD
	cat <<-END
		[connection]
		id=edgeall-hotspot
		uuid=$(cat /proc/sys/kernel/random/uuid)
		type=wifi
		autoconnect=true

		[wifi]
		mode=ap
		band=bg
		ssid=$1

		[wifi-security]
		key-mgmt=wpa-psk
		proto=rsn
		pairwise=ccmp
		group=ccmp
		psk=$2

		[ipv4]
		method=shared
		address1=10.42.0.1/24

		[ipv6]
		method=disabled
	END
}
