from __future__ import annotations

from pathlib import Path

import pytest

from edgeall.service.attended import AttendedSlide
from edgeall.service.taking import Requests, TakenFrames
from edgeall.settings.sections import Trigger

from .conftest import View


@pytest.fixture
def slide(store, facts, shipped) -> AttendedSlide:
    return AttendedSlide.begin(
        store, facts, operator="", source="stage", bundle=shipped, origin="test"
    )


class Taking:
    """Takes all that a stage offers."""

    def __init__(self, slide, source, trigger=Trigger(), *, every_frame=False):  # noqa: B008
        self.requests = Requests()
        self.refused: list[str] = []
        self._frames = TakenFrames(
            source, slide, trigger, self.requests, self._refuse, every_frame=every_frame
        )

    def all(self) -> list[str]:
        taken = []
        while (frame := self._frames.read()) is not None:
            taken.append(Path(frame.origin).name)
        return taken

    def _refuse(self, frame, why) -> None:
        self.refused.append(why)


def test_a_field_is_taken_once_the_stage_rests_and_not_while_it_moves(slide, stage):
    moving = [View(0, left=step * 20) for step in range(8)]
    taking = Taking(slide, stage(*moving, View(0, left=140, frames=20)))
    assert taking.all() == ["stage, frame 11"]


def test_each_new_field_is_taken_once_and_a_seen_one_is_not_taken_again(slide, stage):
    rest = {"frames": 12}
    views = [View(0, **rest), View(1, **rest), View(0, 10, 5, **rest), View(2, **rest)]
    assert len(Taking(slide, stage(*views)).all()) == 3


def test_a_small_overlap_is_taken_and_a_large_one_is_not(slide, stage):
    rest = {"frames": 12}
    near = [View(0, 0, 0, **rest), View(0, 60, 30, **rest)]
    assert len(Taking(slide, stage(*near)).all()) == 1
    far = [View(1, 0, 0, **rest), View(1, 220, 160, **rest)]
    assert len(Taking(slide, stage(*far)).all()) == 2


def test_a_blurred_field_is_waited_for_until_it_is_sharp(slide, stage):
    views = [View(0, blur=6, frames=20), View(0, frames=12)]
    (taken,) = Taking(slide, stage(*views)).all()
    assert int(taken.rsplit(" ", 1)[1]) >= 20


def test_a_field_asked_for_is_taken_while_the_stage_moves(slide, stage):
    taking = Taking(slide, stage(*(View(0, left=step * 25) for step in range(9))))
    taking.requests._asked_at = 0.45
    assert taking.all() == ["stage, frame 5"]
    assert taking.requests.pending_since() is None


def test_a_field_asked_for_that_stays_blurred_is_refused_with_the_reason(slide, stage):
    taking = Taking(slide, stage(View(0, blur=8, frames=50)))
    taking.requests._asked_at = 0.0
    assert taking.all() == []
    assert taking.refused == ["out of focus"]


def test_the_timer_takes_fields_without_rest(slide, stage):
    trigger = Trigger(automatic=False, every_s=0.5)
    views = [View(number, left=step * 30) for number in range(4) for step in range(5)]
    taking = Taking(slide, stage(*views), trigger)
    taking._frames._last_taken_s = 0.0
    assert taking.all() == [f"stage, frame {number}" for number in (5, 10, 15)]


def test_a_picture_saved_twice_is_refused_the_second_time(slide, stage):
    taking = Taking(slide, stage(View(0), View(1), View(0)), every_frame=True)
    assert taking.all() == ["stage, frame 0", "stage, frame 1"]
    assert taking.refused == ["taken before"]
