"""``edgeall slide`` and ``edgeall status``: speaking to the running service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgeall.service.control import Answer, Do

slide = typer.Typer(
    no_args_is_help=True, help="Begin, pause, resume and end slides of the service."
)

_Settings = Annotated[
    Path | None, typer.Option(help="Settings file. [default: the usual places]", metavar="FILE")
]
_Operator = Annotated[str, typer.Option(help="Who does this.", metavar="NAME")]


@slide.command()
def begin(
    identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="The slide, as labelled.")],
    operator: _Operator = "",
    settings: _Settings = None,
) -> None:
    """Begin a slide; its fields are taken from now on."""
    _order("begin", settings, identity, operator)


@slide.command()
def end(operator: _Operator = "", settings: _Settings = None) -> None:
    """End the open slide: store its reading and print it."""
    _order("end", settings, None, operator)


@slide.command()
def pause(operator: _Operator = "", settings: _Settings = None) -> None:
    """Pause the open slide."""
    _order("pause", settings, None, operator)


@slide.command()
def resume(operator: _Operator = "", settings: _Settings = None) -> None:
    """Go on with the paused slide."""
    _order("resume", settings, None, operator)


@slide.command()
def take(settings: _Settings = None) -> None:
    """Take the next sharp frame, even where it overlaps another field."""
    _order("take", settings, None, "")


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
    settings: _Settings = None,
) -> None:
    """Show what the running service is doing, in one sentence."""
    answer = _ask("status", settings, None, "")
    if as_json:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(answer.status), indent=2).decode())
    else:
        _print_status(answer)


def _order(do: "Do", settings: Path | None, identity: str | None, operator: str) -> None:
    answer = _ask(do, settings, identity, operator)
    if answer.reading:
        from edgeall.cli.printing import DISCLAIMER, plain_console, two_columns

        plain_console().print(two_columns("Reading", answer.reading))
        print(DISCLAIMER)
    _print_status(answer)


def _ask(do: "Do", settings: Path | None, identity: str | None, operator: str) -> "Answer":
    from edgeall.errors import EdgeallError
    from edgeall.service.control import Ask, ask
    from edgeall.settings.load import load_settings

    path = load_settings(settings).service.control
    answer = ask(path, Ask(do=do, slide=identity, operator=operator))
    if answer.refused is not None:
        from edgeall.cli.printing import warn

        warn(answer.refused)
        raise typer.Exit(answer.exit_code or EdgeallError.exit_code)
    return answer


def _print_status(answer: "Answer") -> None:
    from edgeall.report.rows import printable

    assert answer.status is not None
    print(printable(answer.status.sentence))
