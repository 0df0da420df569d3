"""One line on what a network is worth, from the manifest that was stored with the reading."""

from __future__ import annotations

import msgspec


class _Interval(msgspec.Struct):
    value: float
    low: float
    high: float


class _Measured(msgspec.Struct):
    sensitivity: _Interval | None = None
    specificity: _Interval | None = None


class _Provenance(msgspec.Struct):
    data: str = ""
    split: str = "unknown"
    images: int = 0
    int8_metrics: _Measured | None = None
    float_metrics: _Measured | None = None
    limits: tuple[str, ...] = ()


class _Facts(msgspec.Struct):
    """What the line needs of a stored manifest, whatever its format."""

    provenance: _Provenance = msgspec.field(default_factory=_Provenance)


def card_line(manifest: str) -> str:
    """Return where a network comes from, what it scored and its limits, in a few sentences."""
    facts = msgspec.json.decode(manifest, type=_Facts).provenance
    sentences = [f"Trained on {facts.data}." if facts.data else "Its training data are not known."]
    measured = facts.int8_metrics or facts.float_metrics
    scores = _scores(measured) if measured else ""
    if scores:
        sentences.append(f"On {facts.images} held images ({facts.split} split): {scores}.")
    else:
        sentences.append("What it scored on held images is not known.")
    sentences += [f"{limit.rstrip('.')}." for limit in facts.limits]
    return " ".join(sentences)


def _scores(measured: _Measured) -> str:
    named = (("sensitivity", measured.sensitivity), ("specificity", measured.specificity))
    return ", ".join(
        f"{name} {score.value:.1%} (95% interval {score.low:.1%} to {score.high:.1%})"
        for name, score in named
        if score
    )
