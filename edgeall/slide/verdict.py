"""The verdict on a control: Westgard's rules on each figure, and what always holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from edgeall.slide.control import KINDS, FigureKind, Figures
from edgeall.slide.westgard import FEWEST, REJECTING, Baseline, Rule, broken_rules

if TYPE_CHECKING:
    from edgeall.slide.reading import Flag


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a control that a person should know; ``rejects`` where it fails for it.

    ``rule`` is one of Westgard's, or the reading's flag. ``figure`` is the key of its kind.
    """

    rule: str
    figure: str | None
    sentence: str
    rejects: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a control passed, why, and how many runs its limits rest on of those wanted."""

    passed: bool
    findings: tuple[Finding, ...]
    runs: int
    wanted: int

    @property
    def basis(self) -> str:
        """Say what the verdict rests on."""
        if self.runs < FEWEST:
            return (
                f"baseline being built ({self.runs} of {self.wanted} passed controls); until there "
                f"are {FEWEST} only cells, focus, light and colour are judged"
            )
        if self.runs < self.wanted:
            return f"limits from {self.runs} passed controls, still being built ({self.wanted})"
        return f"limits from the last {self.runs} passed controls"


@dataclass(frozen=True, slots=True)
class PastControl:
    """An earlier control of the same material, read with the same bundle."""

    figures: Figures
    passed: bool


_FAILING_FLAGS: dict[str, str] = {
    "no cells found": "No white cell was found; see that the control slide lies under the "
    "objective and is in focus.",
    "out of focus": "A quarter of the fields or more is out of focus; focus, or clean the "
    "objective.",
    "exposure": "A quarter of the fields or more is too dark or too bright; see to the lamp and "
    "calibrate anew.",
    "colour drift": "The colour is unlike any that the network was trained on; see to the lamp, "
    "the stain and the white balance.",
    "interrupted": "The slide was not read to its end; read it again.",
}


_WARNING_FLAGS: dict[str, str] = {
    "illumination drift": "The light has moved since the camera was calibrated; see to the lamp "
    "and calibrate anew.",
    "not calibrated": "The camera is not calibrated; run edgeall calibrate.",
}

_FLAG_SENTENCES = _FAILING_FLAGS | _WARNING_FLAGS


def judge(
    figures: Figures, flags: Sequence[Flag], history: Sequence[PastControl], wanted: int
) -> Verdict:
    """Judge a control against its history, the newest last, and against what always holds.

    Limits come from the last ``wanted`` controls that passed; with fewer than five only
    what the slide was flagged for fails it.
    """
    findings = [
        Finding(flag, None, _FLAG_SENTENCES[flag], flag in _FAILING_FLAGS)
        for flag in flags
        if flag in _FLAG_SENTENCES
    ]
    passed = [past for past in history if past.passed][-wanted:]
    if len(passed) >= FEWEST:
        for kind in KINDS:
            findings += _against(kind, figures, history, passed)
    return Verdict(
        passed=not any(finding.rejects for finding in findings),
        findings=tuple(findings),
        runs=len(passed),
        wanted=wanted,
    )


def baseline_of(
    kind: FigureKind, figures: Figures, history: Sequence[PastControl], wanted: int
) -> Baseline | None:
    """Return what a figure is expected to be, or None with fewer than five passed controls."""
    passed = [past for past in history if past.passed][-wanted:]
    values = _values(kind, figures, passed)
    if len(values) < FEWEST:
        return None
    return Baseline.of(values, kind.floor(fmean(values), figures))


def _against(
    kind: FigureKind,
    figures: Figures,
    history: Sequence[PastControl],
    passed: Sequence[PastControl],
) -> list[Finding]:
    value = kind.value(figures)
    expected = baseline_of(kind, figures, passed, len(passed))
    if value is None or expected is None:
        return []
    distances = [expected.z(past) for past in _values(kind, figures, history)]
    return [
        Finding(rule, kind.key, _sentence(rule, kind, value, expected), rule in REJECTING)
        for rule in broken_rules([*distances, expected.z(value)])
    ]


def value_like(kind: FigureKind, figures: Figures, like: Figures) -> float | None:
    """Return a control's figure, or None where it is in another unit than that of ``like``."""
    same_unit = kind.key != "diameter" or figures.diameter_unit == like.diameter_unit
    return kind.value(figures) if same_unit else None


def _values(kind: FigureKind, like: Figures, history: Sequence[PastControl]) -> list[float]:
    found = (value_like(kind, past.figures, like) for past in history)
    return [value for value in found if value is not None]


def _sentence(rule: Rule, kind: FigureKind, value: float, expected: Baseline) -> str:
    limit = expected.limit(2 if rule == "2-2s" else 3)
    low, high = kind.range_around(expected.mean, limit)
    range_ = f"{low:.3g} to {high:.3g}"
    side = "over" if value > expected.mean else "under"
    name = kind.name[0].upper() + kind.name[1:]
    if rule == "1-3s":
        return f"{name} is {value:.3g}, outside {range_} (1-3s); {kind.remedy}."
    if rule == "2-2s":
        return f"{name} is {value:.3g}, twice running outside {range_} (2-2s); {kind.remedy}."
    times = "four times running well" if rule == "4-1s" else "ten times running"
    return f"{name} was {times} {side} its mean of {expected.mean:.3g} ({rule}); {kind.remedy}."
