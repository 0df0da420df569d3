"""``edgeall backup`` and ``edgeall restore``: sealed copies of the store on a USB stick."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.errors import UsageError

if TYPE_CHECKING:
    from edgeall.store.restore import Verified

INCOMPLETE = 1
"""Exit code where the backup is there, but something was lost before or is damaged on the stick."""

_Passphrase = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="The file with the passphrase. [default: from the settings]"
    ),
]
_SettingsFile = Annotated[Path | None, typer.Option(help="The settings file (TOML).")]


def backup(
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Back up to this folder instead of the USB stick that is in."
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Back nothing up: read all backups there, and check them."),
    ] = False,
    passphrase_file: _Passphrase = None,
    store: Annotated[
        Path | None, typer.Option(help="The folder of the database. [default: from the settings]")
    ] = None,
    settings: _SettingsFile = None,
) -> None:
    """Copy all findings and their pictures to a USB stick, sealed with a passphrase.

    The stick must carry an empty file named edgeall-backup. What lies there already is not
    copied again; everything is read back before the backup counts.
    """
    from edgeall.settings.load import load_settings
    from edgeall.store.backup import back_up
    from edgeall.store.sealing import read_passphrase
    from edgeall.store.stick import find_stick

    known = load_settings(settings)
    passphrase = read_passphrase(passphrase_file or known.backup.passphrase_file)
    if to is not None and not to.is_dir():
        raise UsageError(f"{to}: there is no such folder; make it, or put the stick in.")
    stick = to or find_stick(known.backup.marker)
    if verify:
        _verify(stick, passphrase)
        return
    with _counting() as tell:
        done = back_up(store or known.store.folder, stick, passphrase, known.backup.keep, tell)
    typer.echo(
        f"Backup {done.number} in {done.place}: the database and {_pictures(done.pictures)}, "
        f"{done.bytes / 1e6:.1f} MB; {done.written} of them new. All of it was read back."
    )
    if done.lost:
        _say_lost(done.lost)
        raise typer.Exit(INCOMPLETE)


def restore(
    place: Annotated[
        Path, typer.Argument(metavar="FROM", help="The stick or folder with the backups.")
    ],
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="Restore into this folder, which must be empty.")
    ],
    number: Annotated[
        int | None, typer.Option(min=1, help="Which backup. [default: the newest]")
    ] = None,
    passphrase_file: _Passphrase = None,
    settings: _SettingsFile = None,
) -> None:
    """Put a backup into an empty folder, and check every picture and the database."""
    from edgeall.settings.load import load_settings
    from edgeall.store.restore import restore as put_back
    from edgeall.store.sealing import read_passphrase

    given = passphrase_file or load_settings(settings).backup.passphrase_file
    with _counting() as tell:
        done = put_back(
            place,
            into,
            read_passphrase(given),
            number,
            lambda count, total: tell("restoring", count, total),
        )
    typer.echo(
        f"Backup {done.number} of {done.made[:16].replace('T', ' ')} UTC is in {into}: "
        f"the database and {_pictures(done.pictures)}, all of them whole."
    )
    typer.echo(f"Its slides: edgeall results --store {into}")


def _verify(stick: Path, passphrase: bytes) -> None:
    from edgeall.store.restore import verify

    with _counting() as tell:
        found = verify(stick, passphrase, lambda count, total: tell("checking", count, total))
    if found.damaged:
        _say_damaged(found)
        raise typer.Exit(INCOMPLETE)
    if not found.backups:
        raise UsageError(f"{stick}: no backup here is complete; edgeall backup writes one.")
    counted = "1 backup" if len(found.backups) == 1 else f"{len(found.backups)} backups"
    typer.echo(
        f"{counted} ({', '.join(map(str, found.backups))}) of "
        f"{found.objects} objects: all of them are whole."
    )


def _say_damaged(found: "Verified") -> None:
    from edgeall.cli.printing import warn

    for sentence in found.damaged:
        warn(sentence)
    typer.echo(
        f"{len(found.damaged)} of {found.objects} objects are damaged. edgeall backup writes "
        "again what the device still has; take another stick as well."
    )


def _say_lost(lost: tuple[str, ...]) -> None:
    from edgeall.cli.printing import warn

    for name in lost[:10]:
        warn(f"images/{name}: this picture is damaged or gone on the device; it is not backed up.")
    if len(lost) > 10:
        warn(f"and {len(lost) - 10} more; check the disk.")


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"


@contextmanager
def _counting() -> Iterator[Callable[[str, int, int], None]]:
    """Show how far it is where somebody looks on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from edgeall.cli.printing import plain_console

    console = plain_console(to_stderr=True)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task("", total=None)

        def tell(stage: str, count: int, total: int) -> None:
            shown.update(task, description=stage, completed=count, total=total)

        yield tell
