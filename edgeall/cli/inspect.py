"""``edgeall inspect``: what a .tflite file is, says and computes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from edgeall.evaluate.inspection import Inspection, TensorFacts
    from edgeall.model.manifest import Interval, Manifest, Measured


def inspect(
    model: Annotated[Path, typer.Argument(metavar="NAME.tflite", help="A bundle or a network.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    card: Annotated[bool, typer.Option("--card", help="Print the model card alone.")] = False,
) -> None:
    """Show a bundle's manifest, operators, types, sizes and files, and run its self-test."""
    from edgeall.errors import BundleError, UsageError
    from edgeall.evaluate.inspection import inspect_file

    if as_json and card:
        raise UsageError("--json and --card contradict each other; the JSON holds the card too.")
    inspection = inspect_file(model)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(inspection), indent=2).decode())
    elif card:
        if not inspection.card:
            raise BundleError(f"{model}: it has no model card; edgeall convert writes one.")
        typer.echo(inspection.card)
    else:
        _print(inspection)
    if inspection.problems:
        raise BundleError(inspection.problems[0])


def _print(inspection: Inspection) -> None:
    from edgeall.cli.score_tables import table_console

    console = table_console()
    console.print(_table(inspection.file, _summary(inspection)))
    if inspection.manifest:
        console.print(_table("Manifest", _manifest(inspection.manifest)))
    console.print(_tensors(inspection))
    console.print(_operators(inspection))
    if inspection.archive:
        sizes = ((file.name, _bytes(file.bytes)) for file in inspection.archive)
        console.print(_table("Files in its archive", sizes))


def _table(title: str, rows: Iterator[tuple[str, str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    return table


def _summary(inspection: Inspection) -> Iterator[tuple[str, str]]:
    yield "size", _bytes(inspection.bytes)
    yield "network", _bytes(inspection.network_bytes)
    floats = sum(kind.with_floats for kind in inspection.operators)
    total = sum(kind.count for kind in inspection.operators)
    yield "operators", f"{total}, {floats} of them with floating-point numbers"
    yield "runtime", inspection.runtime
    yield "seal and hash", _verdict(inspection.whole, "none: it has no manifest", "they do not fit")
    yield (
        "self-test",
        _verdict(inspection.self_test, "not run: it has no trusted manifest", "it failed"),
    )
    for problem in inspection.problems:
        yield "problem", problem


def _verdict(fits: bool | None, absent: str, broken: str) -> str:
    if fits is None:
        return absent
    return "passed" if fits else broken


def _manifest(manifest: Manifest) -> Iterator[tuple[str, str]]:
    identity, taken, given = manifest.identity, manifest.input, manifest.output
    yield "name, version", f"{identity.name} {identity.version}"
    yield "created", identity.created
    yield "network's sha256", identity.network_sha256
    yield "source", f"{identity.source_name} (sha256 {identity.source_sha256})"
    yield "made with", _pairs(identity.made_with)
    yield "input", f"{taken.width}x{taken.height}, {taken.colour.upper()}, resize: {taken.resize}"
    yield "unit", f"{taken.unit}, background {taken.background}"
    if taken.um_per_pixel:
        yield "scale", f"{taken.um_per_pixel:g} µm a pixel"
    if taken.cell_diameter_px:
        yield "scale", f"the cell's diameter is {taken.cell_diameter_px:g} px"
    yield "labels", ", ".join(given.labels)
    yield "blasts", ", ".join(given.blasts) or "none"
    yield "output", f"{given.activation}, temperature {given.temperature:.4g}"
    yield "unidentified under", f"{given.unidentified_below:g}"
    yield from _provenance(manifest)
    yield "golden examples", str(len(manifest.golden))


def _provenance(manifest: Manifest) -> Iterator[tuple[str, str]]:
    provenance = manifest.provenance
    named = {
        "data": provenance.data,
        "attribution": provenance.attribution,
        "split": "" if provenance.split == "unknown" else f"by {provenance.split}",
        "rung of the gate": provenance.rung,
        "left in floats": ", ".join(provenance.float_operators),
    }
    yield from ((name, value) for name, value in named.items() if value)
    if provenance.images:
        yield "measured on", f"{provenance.images} images"
    if provenance.agreement is not None:
        yield "int8 agrees with float", f"{provenance.agreement:.2%}"
    yield from _measured("float", provenance.float_metrics)
    yield from _measured("int8", provenance.int8_metrics)
    for limit in provenance.limits:
        yield "limit", limit
    if manifest.colour:
        mean = ", ".join(f"{value:.1f}" for value in manifest.colour.mean)
        yield "training colour", f"L*a*b* {mean}, of {manifest.colour.images} images"


def _measured(which: str, measured: Measured | None) -> Iterator[tuple[str, str]]:
    if measured is None:
        return
    yield f"{which} accuracy", _interval(measured.accuracy)
    yield f"{which} balanced accuracy", f"{measured.balanced_accuracy:.2%}"
    if measured.sensitivity:
        yield f"{which} sensitivity", _interval(measured.sensitivity)
    if measured.specificity:
        yield f"{which} specificity", _interval(measured.specificity)
    if measured.auroc is not None:
        yield f"{which} AUROC", f"{measured.auroc:.4f}"
    if measured.expected_calibration_error is not None:
        yield f"{which} calibration error", f"{measured.expected_calibration_error:.4f}"


def _interval(share: Interval) -> str:
    return f"{share.value:.2%} ({100 * share.low:.1f} to {100 * share.high:.1f}%)"


def _tensors(inspection: Inspection) -> Table:
    rows = [
        *((f"input {tensor.name}", _tensor(tensor)) for tensor in inspection.inputs),
        *((f"output {tensor.name}", _tensor(tensor)) for tensor in inspection.outputs),
        ("tensors by type", _pairs(inspection.tensor_types)),
    ]
    return _table("Tensors", iter(rows))


def _tensor(tensor: TensorFacts) -> str:
    shape = "x".join(str(side) for side in tensor.shape)
    quantized = f", scale {tensor.scale:g}, zero point {tensor.zero_point}" if tensor.scale else ""
    return f"{tensor.type} {shape}{quantized}"


def _operators(inspection: Inspection) -> Table:
    from rich.table import Table

    table = Table(title="Operators", title_justify="left", title_style="bold")
    table.add_column("operator")
    table.add_column("count", justify="right")
    table.add_column("with floats", justify="right")
    for kind in inspection.operators:
        table.add_row(kind.name, str(kind.count), str(kind.with_floats or ""))
    return table


def _pairs(mapping: Mapping[str, str | int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in mapping.items())


def _bytes(count: int) -> str:
    return f"{count:,} bytes" if count < 100_000 else f"{count / 1e6:.2f} MB"
