"""``edgeall benchmark``: what one image costs on this device."""

# No postponed annotations here: typer would evaluate each of them again, which --help waits for.

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeall.cli.capture import CropChoice

if TYPE_CHECKING:
    from rich.table import Table

    from edgeall.service.benchmark import Benchmark, Subject, Times
    from edgeall.service.prepare import Cropping


def benchmark(
    model: Annotated[Path, typer.Argument(metavar="NAME.tflite", help="A bundle or a network.")],
    threads: Annotated[str, typer.Option(help="Numbers of threads to try: 1,2,4.")] = "1,2",
    runs: Annotated[int, typer.Option(min=5, max=100_000, help="Timed rounds.")] = 100,
    image: Annotated[
        Path | None, typer.Option(help="The picture to read. [default: a shipped sample field]")
    ] = None,
    crop: Annotated[
        CropChoice, typer.Option(help="none: the picture is one cell already cut out.")
    ] = CropChoice.search,
    um_per_pixel: Annotated[
        float | None, typer.Option(min=0.001, max=100, help="Scale of the picture in µm a pixel.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
) -> None:
    """Time a network: p50 and p95 by threads, the way from file to calls, memory, cold start.

    Runs of every kind take turns, so that a busy moment touches them all.
    """
    from edgeall.service.benchmark import benchmark as measure

    counts = _thread_counts(threads)
    subject = _subject(model, image, crop.value, um_per_pixel)
    result = measure(subject, counts, runs)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        _print(result)


def _thread_counts(listed: str) -> list[int]:
    from edgeall.errors import UsageError

    counts = [int(part) for part in listed.split(",") if part.strip().isdecimal()]
    if len(counts) != len(listed.split(",")) or not all(1 <= count <= 64 for count in counts):
        raise UsageError(f"--threads {listed}: name numbers from 1 to 64, as 1,2,4.")
    return list(dict.fromkeys(counts))


def _subject(
    model: Path, image: Path | None, cropping: "Cropping", um_per_pixel: float | None
) -> "Subject":
    """Return what is timed; a plain network has no way from a picture to a call."""
    from edgeall.camera.folder import list_images
    from edgeall.cli.plain_facts import has_manifest
    from edgeall.errors import UsageError
    from edgeall.model.bundle import open_bundle
    from edgeall.samples import paths
    from edgeall.service.benchmark import Picture, Subject

    if has_manifest(model):
        if image:
            picture = Picture(image, cropping, um_per_pixel)
        else:
            picture = Picture(list_images(paths.fields_folder())[0], "find", paths.um_per_pixel())
        return Subject(model, open_bundle(model), picture)
    if image:
        raise UsageError(
            f"{model}: it carries no manifest, so --image cannot be classified; leave it out."
        )
    return Subject(model)


def _print(result: "Benchmark") -> None:
    from edgeall.cli.score_tables import table_console

    console = table_console()
    console.print(
        f"{result.file}, {result.runs} rounds\n{result.machine}, {result.runtime}",
        markup=False,
        soft_wrap=True,
    )
    console.print(_times_table(result))
    start = result.cold_start
    console.print(
        f"cold start   {start.seconds:.2f} s from a fresh process to one result and its end\n"
        f"peak memory  {start.peak_bytes / 1e6:.0f} MB in that process"
    )
    if result.path:
        console.print(
            f"network      {result.path.network_share:.0%} of the time from file to calls\n"
            f"picture      {result.path.image}, {result.path.examples} to classify",
            markup=False,
            soft_wrap=True,
        )
    else:
        console.print("There is no manifest, so the way from a file to its calls was not timed.")


def _times_table(result: "Benchmark") -> "Table":
    from rich.table import Table

    table = Table()
    table.add_column("what")
    table.add_column("threads", justify="right")
    table.add_column("p50 ms", justify="right")
    table.add_column("p95 ms", justify="right")
    for invocation in result.invocations:
        _add(table, "the network's invoke", invocation.threads, invocation.times)
    if path := result.path:
        table.add_section()
        _add(table, "from file to calls", path.threads, path.whole)
        _add(table, "  decode", 1, path.decode)
        _add(table, "  check, find, crop", 1, path.prepare)
        _add(table, "  classify", path.threads, path.classify)
    return table


def _add(table: "Table", name: str, threads: int, times: "Times") -> None:
    table.add_row(name, str(threads), f"{times.p50:.3f}", f"{times.p95:.3f}")
