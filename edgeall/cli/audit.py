"""``edgeall audit``: who did what, and whether the log still says so."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgeall.store.audit import Entry, KnownSeal

audit = typer.Typer(no_args_is_help=True, help="Show and verify who did what on this device.")

_Store = Annotated[
    Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
]
_Settings = Annotated[Path | None, typer.Option(help="The settings file (TOML).")]


@audit.command()
def verify(
    seal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER:SEAL",
            help="A row's seal as it was seen before: on a report, in a notebook. May be repeated.",
        ),
    ] = None,
    store: _Store = None,
    settings: _Settings = None,
) -> None:
    """Look for a row of the log that was changed, removed or inserted, and for such signatures.

    The exit code is 0 where there is none and 1 where there is; the first is named.
    Keep the newest row's seal elsewhere: who can write the database can rewrite its log,
    and only a seal that was seen before shows that.
    """
    from edgeall.cli.stored import store_folder
    from edgeall.store import audit as log
    from edgeall.store.signatures import altered_signatures
    from edgeall.store.store import Store

    known = [_known(text) for text in seal or ()]
    with Store.open(store_folder(store, settings), read_only=True) as opened:
        found = log.verify(opened, known)
        altered = [] if found.fault else altered_signatures(opened)
    if found.fault:
        typer.echo(f"edgeall: the audit log was tampered with: {found.fault}.", err=True)
        raise typer.Exit(1)
    if altered:
        typer.echo(
            "edgeall: the log is whole, but these signatures are not as they were signed: "
            f"{', '.join(map(str, altered))}.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"{found.rows} row{'s' * (found.rows != 1)}, each as it was written.")
    if found.newest:
        typer.echo(f"newest: {found.newest.number}:{found.newest.seal}")
    if not found.compared:
        typer.echo(
            "edgeall: no seal was kept apart, so rows cut off at the end would not show.", err=True
        )


@audit.command()
def show(
    actor: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this person did.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Only from this time on."),
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="WHAT", help='Only what was done to this, as "run 7".')
    ] = None,
    store: _Store = None,
    settings: _Settings = None,
) -> None:
    """Print the log, the oldest row first: when, who, what, to what, and the row's seal."""
    from edgeall.cli.stored import store_folder
    from edgeall.store.audit import entries
    from edgeall.store.store import Store

    at = since.astimezone() if since else None
    with Store.open(store_folder(store, settings), read_only=True) as opened:
        for entry in entries(opened, actor=actor, subject=subject, since=at):
            typer.echo(_line(entry))


def _line(entry: "Entry") -> str:
    from edgeall.report.rows import printable

    written = entry.written
    when = f"{written.wall_clock.astimezone():%Y-%m-%d %H:%M:%S}" if written else "when unknown"
    unsure = "" if written and written.synchronised else " (clock not set)"
    parts = (f"{when}{unsure}", entry.actor or "-", entry.action, entry.subject)
    detail = "" if entry.detail == "{}" else f"  {entry.detail}"
    return printable(f"{entry.number}  {'  '.join(parts)}{detail}  {entry.seal[:16]}")


def _known(text: str) -> "KnownSeal":
    from edgeall.errors import UsageError
    from edgeall.store.audit import KnownSeal

    number, _, seal = text.partition(":")
    if not number.isascii() or not number.isdigit() or len(seal) != 64:
        raise UsageError(
            f"{text}: a seal is given as edgeall audit verify prints it: NUMBER:SEAL, 64 digits."
        )
    return KnownSeal(int(number), seal.lower())
