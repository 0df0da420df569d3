"""``edgeall config``: the settings in force, and where each came from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edgeall.settings.origins import Setting


def config(
    settings: Annotated[
        Path | None, typer.Option(help="Settings file. [default: the usual places]", metavar="FILE")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each one means, too.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only those that are not at their default.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Show the settings in force and where each came from; check the file."""
    from edgeall.settings.origins import effective_settings

    found = effective_settings(settings)
    shown = [one for one in found if one.origin != "default" or not changed]
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
        return
    for section in dict.fromkeys(one.section for one in shown):
        print(f"[{section}]")
        for one in shown:
            if one.section == section:
                _print(one, explain=explain)
        print()


def _print(setting: "Setting", *, explain: bool) -> None:
    line = f"{setting.key} = {_as_toml(setting.value)}"
    print(f"{line:<44}  # {setting.origin}")
    if explain:
        print(f"    # {setting.sentence}")


def _as_toml(value: Any) -> str:
    import json

    return "unset" if value is None else json.dumps(value, ensure_ascii=False)
