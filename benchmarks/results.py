"""The results table: what the runs of a folder measured, one row each, as Markdown.

::

    python benchmarks/results.py runs/*

Each run folder was written by ``edgeall train`` and converted by
``edgeall convert RUN/model.keras --evaluate RUN/test``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edgeall_convert.evaluate.report import Assessment, ConversionReport
from edgeall_convert.evaluate.run_report import RunReport

if TYPE_CHECKING:
    from edgeall.evaluate.scores import Rate, Scores

HEAD = (
    "run",
    "accuracy, float",
    "accuracy, int8",
    "balanced, float",
    "balanced, int8",
    "sensitivity, int8",
    "specificity, int8",
    "AUROC, float",
    "AUROC, int8",
    "same call",
    "rung",
    "int8 MB",
    "float ms",
    "int8 ms",
    "training",
    "source reports",
)


def main() -> None:
    """Print the rows and the commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+")
    folders = [folder for folder in parser.parse_args().runs if _is_converted(folder)]
    print(_line(HEAD))
    print("|" + "---|" * len(HEAD))
    drops = []
    for folder in folders:
        trained, converted = _read(folder)
        if converted.assessment is None:
            raise SystemExit(f"{folder}: convert it with --evaluate {folder}/test.")
        print(_line(_row(folder.name, trained, converted, converted.assessment)))
        drops.append(100 * converted.assessment.comparison.accuracy_drop)
    print(
        f"\nint8 loses {sum(drops) / len(drops):+.2f} points on average, {max(drops):+.2f} at most."
    )
    for folder in folders:
        print(f"\n- {folder.name}: `{' '.join(_read(folder)[0].command)}`", end="")
    print()


def _is_converted(folder: Path) -> bool:
    return (folder / "report.json").exists() and (folder / "model.report.json").exists()


def _read(folder: Path) -> tuple[RunReport, ConversionReport]:
    return (
        msgspec.json.decode((folder / "report.json").read_bytes(), type=RunReport),
        msgspec.json.decode((folder / "model.report.json").read_bytes(), type=ConversionReport),
    )


def _row(
    name: str, trained: RunReport, converted: ConversionReport, measured: Assessment
) -> tuple[str, ...]:
    first, second = measured.float_scores, measured.int8_scores
    latency = converted.latency
    return (
        name,
        _rate(first.accuracy),
        _rate(second.accuracy),
        f"{first.balanced_accuracy:.3f}",
        f"{second.balanced_accuracy:.3f}",
        _rate(second.sensitivity),
        _rate(second.specificity),
        _area(first),
        _area(second),
        f"{measured.comparison.agreement.value:.1%}",
        converted.rung,
        f"{converted.int8_bytes / 1e6:.2f}",
        f"{latency.float_p50:.2f}" if latency else "",
        f"{latency.int8_p50:.2f}" if latency else "",
        f"{len(trained.epochs)} epochs, {trained.seconds / 60:.1f} min",
        trained.reported,
    )


def _rate(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"


def _area(scores: Scores) -> str:
    return "" if scores.auroc is None else f"{scores.auroc:.3f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
