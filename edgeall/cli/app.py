"""The commands, gathered. Nothing heavy may be imported here: ``--help`` must be instant."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from typing import Annotated

import typer

from edgeall import __version__
from edgeall.cli.audit import audit
from edgeall.cli.backup import backup, restore
from edgeall.cli.benchmark import benchmark
from edgeall.cli.calibrate import calibrate
from edgeall.cli.capture import capture
from edgeall.cli.config import config
from edgeall.cli.convert import convert
from edgeall.cli.data import data
from edgeall.cli.doctor import doctor
from edgeall.cli.evaluate import evaluate
from edgeall.cli.explain import explain
from edgeall.cli.export import export
from edgeall.cli.inspect import inspect
from edgeall.cli.qc import qc
from edgeall.cli.results import results
from edgeall.cli.retention import retention
from edgeall.cli.serve import serve
from edgeall.cli.slide import slide, status
from edgeall.cli.train import train

EXIT_CODES = (
    "Exit codes: 0 done; 1 done, but some input was refused, or a check failed; 2 a flag or "
    "setting is wrong or missing; 3 a file cannot be used; 4 the camera; 5 the database or the "
    "disk; 6 quantization lost too much; 70 a defect of edgeall; 130 stopped with Ctrl-C."
)

app = typer.Typer(
    name="edgeall",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgeall {__version__}")
        raise typer.Exit


@app.callback()
def edgeall(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Read blood smears for leukaemic blasts. It supports a diagnosis and never makes one."""


# In the order of use: reading, the device that reads by itself, its upkeep, the workstation.
app.command()(capture)
app.command()(results)
app.command()(export)
app.command()(serve)
app.command()(status)
app.add_typer(slide, name="slide")
app.command()(calibrate)
app.command()(qc)
app.command()(doctor)
app.command()(config)
app.command()(backup)
app.command()(restore)
app.command()(retention)
app.add_typer(audit, name="audit")
app.command()(data)
app.command()(train)
app.command()(convert)
app.command()(evaluate)
app.command()(explain)
app.command()(inspect)
app.command()(benchmark)
