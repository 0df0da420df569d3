"""Where each setting came from: the environment, the file, or its default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from edgeall.settings.load import load_settings, read_toml, usual_places, variable_of
from edgeall.settings.sections import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One effective setting.

    Attributes
    ----------
    section, key
        As in the file.
    value
        As the file would hold it; None where it is unset.
    origin
        ``default``, the file's path, or the variable's name.
    sentence
        What it means.
    """

    section: str
    key: str
    value: Any
    origin: str
    sentence: str


def effective_settings(path: Path | None) -> list[Setting]:
    """Return every setting in force with where it came from.

    Raises
    ------
    UsageError
        As `load_settings`.
    """
    settings = load_settings(path)
    path = path or next((place for place in usual_places() if place.is_file()), None)
    written = read_toml(path) if path else {}
    return [
        Setting(
            section=section.name,
            key=key,
            value=msgspec.to_builtins(getattr(settings, section.name), enc_hook=str)[key],
            origin=_origin(section.name, key, written, path),
            sentence=_sentence(section.type, key),
        )
        for section in msgspec.structs.fields(Settings)
        for key in section.type.__struct_fields__
    ]


def _origin(section: str, key: str, written: dict[str, Any], path: Path | None) -> str:
    variable = variable_of(section, key)
    if variable in os.environ:
        return variable
    return str(path) if key in written.get(section, {}) else "default"


def _sentence(struct: type[msgspec.Struct], key: str) -> str:
    annotated = get_type_hints(struct, include_extras=True)[key]
    return next(
        (
            meta.description
            for meta in get_args(annotated)
            if isinstance(meta, msgspec.Meta) and meta.description
        ),
        "",
    )
