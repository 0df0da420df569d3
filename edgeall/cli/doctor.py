"""``edgeall doctor``: a checklist of the device with a remedy for each line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeall.service.health.check import Check


def doctor(
    self_test: Annotated[
        bool,
        typer.Option("--self-test", help="Only settings, network and store: what a start needs."),
    ] = False,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Write an archive for support; it names no slide.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    settings: Annotated[
        Path | None, typer.Option(help="Settings file. [default: the usual places]", metavar="FILE")
    ] = None,
) -> None:
    """Check the device and say what to do about each thing that is not well.

    The exit code is 1 where a check failed.
    """
    from edgeall.service.health.doctor import examine, self_test_device

    checks = self_test_device(settings) if self_test else examine(settings)
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(checks), indent=2).decode())
    else:
        _print(checks)
    if bundle:
        _write(bundle, settings, checks)
    if any(check.verdict == "failed" for check in checks):
        raise typer.Exit(1)


def _print(checks: "Sequence[Check]") -> None:
    marks = {"good": "good   ", "warning": "look   ", "failed": "FAILED "}
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{marks[check.verdict]} {check.name:<{width}}  {check.found}")
        if check.remedy:
            print(f"{'':<8}{'':<{width}}  -> {check.remedy}")


def _write(path: Path, settings_file: Path | None, checks: "Sequence[Check]") -> None:
    import sys

    from edgeall.errors import EdgeallError
    from edgeall.service.health.support import write_support_archive
    from edgeall.settings.load import load_settings
    from edgeall.settings.sections import Settings

    try:
        settings = load_settings(settings_file)
    except EdgeallError:
        settings = Settings()  # the first check says what is wrong with them
    names = write_support_archive(path, settings_file, settings, checks)
    print(f"Wrote {path}: {', '.join(names)}. It names no slide and no patient.", file=sys.stderr)
