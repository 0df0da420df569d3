"""Reading the settings: one TOML file, typed and checked, and the environment over it.

::

    [camera]
    source = "picamera2"
    exposure_us = 8000

    [store]
    folder = "/var/lib/edgeall"

A flag wins over the environment, the environment over the file. The variable
of a key is its section and name, ``EDGEALL_STORE_FOLDER``; lists are written
as in the file, ``EDGEALL_CAMERA_COLOUR_GAINS="[1.8, 1.5]"``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec

from edgeall.errors import UsageError
from edgeall.settings.sections import Settings, xdg

FILE = "edgeall/edgeall.toml"
"""Looked for in ``$XDG_CONFIG_HOME`` (``~/.config``), then in ``/etc``; the first one counts."""

_PREFIX = "EDGEALL"

_Decode: TypeAlias = Callable[[type, Any], Any]


def load_settings(path: Path | None) -> Settings:
    """Read the settings file and the environment.

    Parameters
    ----------
    path
        A file that must be there, or None for the usual places, where none need be.
        Relative paths in it start at its own folder.

    Raises
    ------
    UsageError
        The file is absent, unreadable or no TOML, or it or a variable holds an
        unknown key or a value that does not fit.
    """
    path = path or next((place for place in usual_places() if place.is_file()), None)
    settings = _from_file(path) if path else Settings()
    settings = _with_environment(settings, os.environ)
    if (settings.camera.width is None) != (settings.camera.height is None):
        raise UsageError(
            f"{path or 'the environment'}: camera.width and camera.height go together; "
            "set both or neither."
        )
    return settings


def usual_places() -> tuple[Path, ...]:
    """Return where a settings file is looked for, the one that counts first."""
    return xdg("XDG_CONFIG_HOME", ".config") / FILE, Path("/etc") / FILE


def _from_file(path: Path) -> Settings:
    written = read_toml(path)
    _refuse_strangers(str(path), "section", written, Settings)
    for section, struct in _sections():
        keys = written.get(section, {})
        if not isinstance(keys, dict):
            raise UsageError(
                f"{path}: {section} is a section; write [{section}] and keys under it."
            )
        _refuse_strangers(str(path), f"key of [{section}]", keys, struct)
    try:
        return msgspec.convert(written, Settings, dec_hook=_paths_from(path.absolute().parent))
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        _refuse_value(str(path), place.rstrip("`"), message)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a settings file holds, unchecked.

    Raises
    ------
    UsageError
        It is absent, unreadable or no TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such settings file; check the name.") from None
    except OSError as error:
        raise UsageError(
            f"{path}: the settings cannot be read ({error.strerror}); check the file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: this is not valid TOML ({error}); correct it.") from error


def variable_of(section: str, key: str) -> str:
    """Return the name of the environment variable that overrides a setting."""
    return f"{_PREFIX}_{section}_{key}".upper()


def _with_environment(settings: Settings, environment: Mapping[str, str]) -> Settings:
    for section, struct in _sections():
        prefix = variable_of(section, "")
        given = {
            name.removeprefix(prefix).lower(): value
            for name, value in environment.items()
            if name.startswith(prefix)
        }
        _refuse_strangers("the environment", f"key of {prefix}", given, struct)
        values = {
            field.name: _from_text(variable_of(section, field.name), given[field.name], field.type)
            for field in msgspec.structs.fields(struct)
            if field.name in given
        }
        changed = msgspec.structs.replace(getattr(settings, section), **values)
        settings = msgspec.structs.replace(settings, **{section: changed})
    return settings


def _from_text(variable: str, text: str, wanted: Any) -> Any:
    """Return a variable's value: taken as it stands, or where that fails as TOML."""
    hook = _paths_from(Path.cwd())
    try:
        return msgspec.convert(text, wanted, strict=False, dec_hook=hook)
    except msgspec.ValidationError as error:
        try:
            value = tomllib.loads(f"value = {text}")["value"]
            return msgspec.convert(value, wanted, dec_hook=hook)
        except (tomllib.TOMLDecodeError, msgspec.ValidationError):
            _refuse_value("the environment", variable, str(error))


def _sections() -> list[tuple[str, type[msgspec.Struct]]]:
    return [(field.name, field.type) for field in msgspec.structs.fields(Settings)]


def _paths_from(base: Path) -> _Decode:
    def decode(wanted: type, value: Any) -> Any:
        if wanted is Path and isinstance(value, str) and value:
            return base / Path(value).expanduser()
        # msgspec makes of it a ValidationError that knows the key.
        raise ValueError("Expected the path of a file or folder")

    return decode


def _refuse_strangers(
    where: str, what: str, given: Iterable[str], struct: type[msgspec.Struct]
) -> None:
    known = [field.name for field in msgspec.structs.fields(struct)]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5) or known
            raise UsageError(f"{where}: {name} is no {what}; did you mean {' or '.join(near)}?")


def _refuse_value(where: str, name: str, message: str) -> NoReturn:
    raise UsageError(f"{where}: {name} does not fit ({message}); correct it or leave it out.")
