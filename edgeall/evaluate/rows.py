"""The rows: one line an image, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from edgeall.model.classifier import make_call

if TYPE_CHECKING:
    from edgeall.evaluate.run import Evaluation
    from edgeall.model.manifest import OutputFacts


def as_csv(evaluation: Evaluation, output: OutputFacts) -> bytes:
    """Return a CSV with a heading: file, truth, call, confidence, each label's probability.

    UTF-8, RFC 4180. ``call`` is the top label also where ``identified`` is no.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    heading = ["file", "subject", "label", "call", "confidence", "identified", "correct"]
    writer.writerow([*heading, *(f"p({label})" for label in output.labels)])
    for image, row in zip(evaluation.measurement.images, evaluation.calibrated, strict=True):
        call = make_call(row, output)
        writer.writerow(
            [
                str(image.path),
                image.subject or "",
                image.label,
                call.label,
                f"{call.confidence:.6f}",
                "yes" if call.identified else "no",
                "yes" if call.label == image.label else "no",
                *(f"{probability:.6f}" for probability in call.probabilities),
            ]
        )
    return text.getvalue().encode()
