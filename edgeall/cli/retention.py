"""``edgeall retention``: clear away what nobody needs, and old pictures where room is short."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import Annotated

import typer


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be cleared away.")
    ] = False,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="The settings file (TOML).")] = None,
) -> None:
    """Clear leftovers away and, only where the disk is nearly full, old pictures.

    Findings are never removed, nor pictures of slides that are unsigned or flagged.
    """
    from edgeall.settings.load import load_settings
    from edgeall.store.retention import Limits, clear_away

    known = load_settings(settings)
    limits = Limits(known.retention.days, int(known.retention.free_gb * 1e9))
    cleared = clear_away(store or known.store.folder, limits, dry_run=dry_run)
    for name in (*cleared.leftovers, *(f"images/{place}" for place in cleared.pictures)):
        typer.echo(name)
    verb = "would be removed" if dry_run else "removed"
    typer.echo(
        f"{_counted(len(cleared.leftovers), 'leftover')} and "
        f"{_counted(len(cleared.pictures), 'old picture')} {verb}, "
        f"{cleared.bytes / 1e6:.1f} MB; {cleared.free / 1e9:.1f} GB "
        f"{'would be' if dry_run else 'are'} free.",
        err=True,
    )
    if cleared.free < limits.free:
        typer.echo(
            f"edgeall: less than {known.retention.free_gb:g} GB are free and nothing more may be "
            "removed: unsigned and flagged slides stay. Back up and use a larger disk.",
            err=True,
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
