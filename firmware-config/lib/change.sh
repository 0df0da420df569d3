# shellcheck shell=sh
# How anything is changed: each of these says what it does, does it only where needed, and with
# --dry-run only says it. ROOT is where the system lies, DRY is 1 for --dry-run.

CHANGES=0
PLACED=

say() {
	printf '%s\n' "$*"
}

fail() {
	printf 'install.sh: %s\n' "$*" >&2
	exit 1
}

warn() {
	printf 'note: %s\n' "$*" >&2
}

# Says a change, and succeeds where it is to be made.
change() {
	CHANGES=$((CHANGES + 1))
	if [ "$DRY" = 1 ]; then
		say "would $*"
		return 1
	fi
	say "$*"
}

# put SOURCE DESTINATION MODE: a file as it is here. DESTINATION is a path on the device.
put() {
	PLACED="$PLACED$2
"
	if cmp -s "$1" "$ROOT$2" && [ "$(stat -c %a "$ROOT$2")" = "$3" ]; then
		return 0
	fi
	change "write $2" || return 0
	mkdir -p "$(dirname "$ROOT$2")"
	# Aside and renamed: a power cut leaves the old file or the new one.
	cp "$1" "$ROOT$2.edgeall-new" || disk_full "$2"
	chmod "$3" "$ROOT$2.edgeall-new"
	mv "$ROOT$2.edgeall-new" "$ROOT$2"
}

# put_tree FOLDER: every file under it, at the same place on the device.
put_tree() {
	for each in $(cd "$1" && find . -type f | LC_ALL=C sort); do
		mode=644
		[ ! -x "$1/$each" ] || mode=755
		put "$1/$each" "${each#.}" "$mode"
	done
}

# put_link TARGET LINK
put_link() {
	PLACED="$PLACED$2
"
	[ "$(readlink "$ROOT$2")" != "$1" ] || return 0
	change "link $2 to $1" || return 0
	mkdir -p "$(dirname "$ROOT$2")"
	ln -sfn "$1" "$ROOT$2"
}

drop() {
	[ -e "$ROOT$1" ] || [ -L "$ROOT$1" ] || return 0
	change "remove $1" || return 0
	rm -rf "$ROOT${1:?}"
}

disk_full() {
	fail "$1 was not written, probably because the disk is full; free some room ('df -h' shows it) and run install.sh again."
}

# Files of an earlier version that this one no longer brings, and the list of those that it does.
drop_forgotten() {
	[ -r "$ROOT$BASE/installed-files" ] || return 0
	while read -r old; do
		case "
$PLACED" in
		*"
$old
"*) ;;
		*) drop "$old" ;;
		esac
	done <"$ROOT$BASE/installed-files"
}

remember_files() {
	[ "$DRY" = 1 ] && return 0
	printf '%s' "$PLACED" | LC_ALL=C sort -u >"$ROOT$BASE/installed-files.new"
	mv "$ROOT$BASE/installed-files.new" "$ROOT$BASE/installed-files"
}
