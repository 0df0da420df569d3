"""The review: what a person said of a slide's cells, and the reading that follows from it.

The reviewed reading is added up by the same functions as the network's, from the
same fields; where a person said otherwise, the network's call counts for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from edgeall.slide.tally import MIN_CELLS, FieldCalls, SlideFacts, add_up

if TYPE_CHECKING:
    from edgeall.model.call import Call
    from edgeall.slide.reading import Flag, Reading

Verdict: TypeAlias = Literal["class", "not a cell", "unidentified", "as called"]

VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

UNIDENTIFIED: Final = "unidentified"
NOT_A_CELL: Final = "not a cell"

_KNOWN_BY_THE_DEVICE: frozenset[Flag] = frozenset(
    {"not calibrated", "illumination drift", "no passed control"}
)
"""Flags that no tally finds: the device gave them to the slide, and a review leaves them."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person says of a cell; ``label`` is the class with ``class``, else None."""

    verdict: Verdict
    label: str | None = None


AS_CALLED: Final = Opinion("as called")
"""What stands while nobody said otherwise."""


@dataclass(frozen=True, slots=True)
class ReviewedField:
    """A field as the network called it, and an opinion for each of its calls.

    The field's ``faults`` are final: not empty where the reading does not count it.
    """

    calls: FieldCalls
    opinions: tuple[Opinion, ...]

    def as_reviewed(self, blasts: Collection[str]) -> FieldCalls:
        """Return the field with the calls that the opinions make of it."""
        firsts = self.calls.first_seen or (None,) * len(self.calls.calls)
        kept = [
            (said, first)
            for call, opinion, first in zip(self.calls.calls, self.opinions, firsts, strict=True)
            if (said := reviewed_call(call, opinion, blasts)) is not None
        ]
        return replace(
            self.calls,
            calls=tuple(call for call, _ in kept),
            first_seen=tuple(first for _, first in kept) if self.calls.first_seen else (),
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many cells the network called one way and a person another, or the same.

    Either is a label or ``unidentified``; the person may have said ``not a cell``.
    """

    network: str
    person: str
    cells: int


def reviewed_call(call: Call, opinion: Opinion, blasts: Collection[str]) -> Call | None:
    """Return the call that an opinion makes of the network's; None where it is no cell.

    What a person says is certain: its confidence is 1. The probabilities stay the network's.
    """
    if opinion.verdict == "as called":
        return call
    if opinion.verdict == "not a cell":
        return None
    if opinion.label is None:
        return replace(call, identified=False, is_blast=False)
    return replace(
        call,
        label=opinion.label,
        confidence=1.0,
        identified=True,
        is_blast=opinion.label in blasts,
    )


def reviewed_reading(
    network: Reading,
    labels: Sequence[str],
    blasts: Collection[str],
    fields: Sequence[ReviewedField],
    *,
    min_cells: int = MIN_CELLS,
) -> Reading:
    """Return a slide's reading from what was said of its cells; ``network`` is the one before.

    ``labels`` and ``blasts`` are the bundle's. Flags of focus, light and cells are found
    anew; those that the device gave remain.
    """
    facts = SlideFacts(
        slide_id=network.slide_id,
        unit=network.unit,
        labels=tuple(labels),
        has_blasts=bool(blasts),
        bundle=network.bundle,
        compare_focus=False,
        min_cells=min_cells,
        target_width=network.target_width,
    )
    return add_up(
        facts,
        [field.as_reviewed(blasts) for field in fields],
        interrupted="interrupted" in network.flags,
        known=[flag for flag in network.flags if flag in _KNOWN_BY_THE_DEVICE],
    )


def called(label: str, identified: bool) -> str:
    """Return what the network said in one word: the label, or ``unidentified``."""
    return label if identified else UNIDENTIFIED


def meant(network: str, opinion: Opinion) -> str:
    """Return what a person said in one word, the network having said ``network``."""
    if opinion.verdict == "as called":
        return network
    return opinion.label or opinion.verdict


def share_agreed(counts: Iterable[Agreement]) -> dict[str, tuple[int, int]]:
    """Return for each class that persons gave how many the network called so, and of how many."""
    found: dict[str, tuple[int, int]] = {}
    for count in counts:
        agreed, total = found.get(count.person, (0, 0))
        same = count.cells if count.network == count.person else 0
        found[count.person] = (agreed + same, total + count.cells)
    return found
