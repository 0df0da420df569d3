"""Reading a smear from its first frame to its reading: what ``capture --classify`` does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edgeall.errors import ImageError
from edgeall.service.pipeline import Ended, Limits, Notify, ReadField, run
from edgeall.service.prepare import Cropping, make_preparer
from edgeall.slide.tally import FieldCalls, SlideFacts, add_up, final_faults

if TYPE_CHECKING:
    from edgeall.camera.source import Source
    from edgeall.model.bundle import Bundle
    from edgeall.model.classifier import Classifier
    from edgeall.service.keep import Keeper
    from edgeall.settings.sections import ReadingAims
    from edgeall.slide.reading import Flag, Reading


@dataclass(frozen=True, slots=True)
class Smear:
    """What came of a smear.

    ``reading`` is None where not one field could be read; ``counted`` says of
    each field whether it counts in it. ``refused`` are the files that could not
    be read. ``ended`` says whether it ran to its end.
    """

    reading: Reading | None
    counted: tuple[bool, ...]
    refused: tuple[ImageError, ...]
    ended: Ended


@dataclass(slots=True)
class _Tally:
    """Fields and refused files so far; filled from the keep thread, read after it ended."""

    fields: list[FieldCalls] = field(default_factory=list)
    refused: list[ImageError] = field(default_factory=list)

    def add(self, item: ReadField | ImageError) -> None:
        if isinstance(item, ImageError):
            self.refused.append(item)
            return
        prepared = item.prepared
        self.fields.append(FieldCalls.of(prepared.field, item.calls, len(prepared.cut_by_border)))


def read_smear(
    source: Source,
    bundle: Bundle,
    classifier: Classifier,
    keeper: Keeper,
    notify: Notify,
    *,
    facts: SlideFacts,
    cropping: Cropping = "find",
    limits: Limits = Limits(),  # noqa: B008 - frozen
    until_stopped: bool = False,
    known: Callable[[], Sequence[Flag]] = tuple,
) -> Smear:
    """Read a smear, keep it, and add it up.

    ``known`` is asked, when all is read, for the flags that the device gives reason for.

    With ``until_stopped`` Ctrl-C is the ordinary end (a live camera without a
    limit); otherwise it leaves the reading flagged as interrupted.
    """
    tally = _Tally()
    ended = run(
        source,
        make_preparer(bundle.manifest, cropping),
        classifier.classify,
        keeper.keep,
        _both(tally.add, notify),
        limits,
    )
    if not tally.fields:
        return Smear(None, (), tuple(tally.refused), ended)
    interrupted = ended.failure is not None or (ended.by_hand and not until_stopped)
    reading = add_up(facts, tally.fields, interrupted=interrupted, known=known())
    counted = tuple(not faults for faults in final_faults(facts, tally.fields))
    keeper.finish(reading, counted)
    return Smear(reading, counted, tuple(tally.refused), ended)


def slide_facts(slide_id: str, bundle: Bundle, cropping: Cropping, aims: ReadingAims) -> SlideFacts:
    """Return what a reading of this slide must know of the bundle."""
    output = bundle.manifest.output
    return SlideFacts(
        slide_id=slide_id,
        unit=bundle.manifest.input.unit,
        labels=output.labels,
        has_blasts=bool(output.blasts),
        bundle=bundle.title,
        compare_focus=cropping == "find",
        min_cells=aims.min_cells,
        target_width=aims.target_width,
    )


def _both(first: Callable[[ReadField | ImageError], None], second: Notify) -> Notify:
    def notify(item: ReadField | ImageError) -> None:
        first(item)
        second(item)

    return notify
