# shellcheck shell=sh
# The program: each version in its own folder, one link that says which one runs.

VERSIONS=$BASE/versions

current_version() {
	target=$(readlink "$ROOT$BASE/current") || return 0
	echo "${target##*/}"
}

# The version that is to be installed, and where it comes from. The same version with other
# contents is another program: it gets a name of its own beside the one that runs.
find_program() {
	if [ -n "$BUNDLE" ]; then
		SOURCE=$(only_wheel)
		VERSION=$(echo "${SOURCE##*/}" | cut -d- -f2)
		SUM=$(sha256sum <"$SOURCE" | cut -c 1-64)
	else
		SOURCE=$REPO
		[ -r "$REPO/edgeall/__init__.py" ] ||
			fail "there is neither an offline bundle nor edgeall's source beside this script; unpack the bundle, or clone the repository."
		VERSION=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$REPO/edgeall/__init__.py")
		SUM=$(cd "$REPO" && find edgeall pyproject.toml -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z |
			xargs -0 sha256sum | sha256sum | cut -c 1-64)
	fi
	there=$(cat "$ROOT$VERSIONS/$VERSION/complete" 2>/dev/null) || there=
	if [ -n "$there" ] && [ "$there" != "$SUM" ]; then
		VERSION=$VERSION+$(echo "$SUM" | cut -c 1-8)
	fi
	NEW=$VERSIONS/$VERSION
}

# Can this machine's Python make what the system in ROOT runs? On a card of another kind: no.
can_build() {
	live && return 0
	[ "$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$TREE_PYTHON" ] &&
		[ "$(dpkg --print-architecture 2>/dev/null)" = "$ARCH" ]
}

build_version() {
	[ ! -e "$ROOT$NEW/complete" ] || return 0
	change "install edgeall $VERSION into $NEW" || return 0
	check_room 700
	rm -rf "$ROOT$NEW"
	mkdir -p "$ROOT$VERSIONS"
	"$PYTHON" -m venv --system-site-packages --without-pip "$ROOT$NEW" ||
		abandon "the environment was not made; is the package python3-venv installed and room on the disk?"
	if [ -n "$BUNDLE" ]; then
		install_offline
	else
		install_online
	fi
	point_home
	keep_kit
}

# pip runs from its own wheel: a Raspberry Pi OS Lite has neither pip nor ensurepip.
install_offline() {
	set -- "$BUNDLE"/wheels/pip-*.whl
	pip=$1/pip
	[ -e "$1" ] || abandon "the bundle has no wheel of pip; build it again with 'make offline-bundle'."
	# What this machine's own pip is told of other places must not count.
	export PIP_CONFIG_FILE=/dev/null
	run_pip --isolated --no-index --find-links "$BUNDLE/wheels" "$SOURCE"
}

install_online() {
	"$ROOT$NEW/bin/python" -m ensurepip --default-pip >/dev/null ||
		abandon "pip is not there; install it with 'apt install python3-venv'."
	pip=-mpip
	run_pip "$SOURCE"
}

# --ignore-installed: the same versions on every device, whatever its system has.
run_pip() {
	"$ROOT$NEW/bin/python" "$pip" install --quiet --disable-pip-version-check --no-cache-dir \
		--no-warn-script-location --ignore-installed \
		--constraint "$KIT/constraints-py$(echo "$TREE_PYTHON" | tr -d .).txt" "$@" ||
		abandon "edgeall $VERSION could not be installed; pip says why above (a missing wheel, no room, no network)."
}

abandon() {
	rm -rf "$ROOT${NEW:?}"
	fail "$1"
}

# A version keeps the system files that belong to it, so that going back brings them back too.
keep_kit() {
	mkdir -p "$ROOT$NEW/kit" "$ROOT$NEW/libexec"
	cp -R "$KIT" "$ROOT$NEW/kit/firmware-config"
	cp -R "$UNITS" "$ROOT$NEW/kit/systemd"
	for each in "$UNITS"/*; do
		[ -d "$each" ] || [ ! -x "$each" ] || cp "$each" "$ROOT$NEW/libexec/"
	done
	echo "$SUM" >"$ROOT$NEW/complete"
}

# Made under ROOT, run on the device: the paths that the environment's scripts begin with.
point_home() {
	live && return 0
	for script in "$ROOT$NEW"/bin/*; do
		[ -L "$script" ] || sed -i "s|$ROOT$NEW|$NEW|g" "$script"
	done
	sed -i "s|$ROOT$NEW|$NEW|g" "$ROOT$NEW/pyvenv.cfg"
}

# The verdict on a version is its own: the exit code of its self-test, as the service's user and
# with its findings. In a tree that user may not be there yet: it is then tested on empty ones.
self_test() { # VERSION
	folder=$ROOT$VERSIONS/$1
	findings=$ROOT/var/lib
	set -- "$folder/bin/python" "$folder/bin/edgeall" doctor --self-test
	if live; then
		set -- setpriv --reuid=edgeall --regid=edgeall --init-groups "$@"
	else
		findings=$(mktemp -d)
	fi
	verdict=0
	(cd / && env -u PYTHONPATH -u PYTHONHOME HOME=/ PYTHONDONTWRITEBYTECODE=1 \
		XDG_CONFIG_HOME="$ROOT/etc" XDG_DATA_HOME="$findings" "$@") || verdict=$?
	live || rm -rf "$findings"
	return "$verdict"
}

prove_version() {
	[ "$DRY" = 1 ] && return 0
	[ "$(current_version)" = "$VERSION" ] && return 0
	self_test "$VERSION" && return 0
	rm -rf "$ROOT${NEW:?}"
	before=$(current_version)
	[ -n "$before" ] ||
		fail "the self-test of edgeall $VERSION failed, so it was not installed; what it says above must be put right first."
	fail "the self-test of edgeall $VERSION failed, so version $before stays; what it says above must be put right first."
}

# One rename: whoever looks sees the old version or the new one.
switch_to() { # VERSION
	ln -sfn "versions/$1" "$ROOT$BASE/.current.new"
	mv -T "$ROOT$BASE/.current.new" "$ROOT$BASE/current"
}

# The version before this one stays, to go back to; older ones go.
drop_older_versions() { # KEEP...
	for folder in "$ROOT$VERSIONS"/*; do
		[ -d "$folder" ] || continue
		case " $* " in
		*" ${folder##*/} "*) ;;
		*) drop "$VERSIONS/${folder##*/}" ;;
		esac
	done
}
