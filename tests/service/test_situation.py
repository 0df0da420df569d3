from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import UsageError
from edgeall.service.situation import Situation, State
from edgeall.service.status import Counts, sentence_of

ORDERS = st.sampled_from(["begin", "end", "pause", "resume", "take"])
TROUBLES = st.sampled_from(["camera", "room", "fault"])
STEPS = st.lists(st.tuples(st.booleans(), ORDERS, TROUBLES, st.booleans()), max_size=30)


@given(STEPS)
def test_no_sequence_of_orders_and_troubles_loses_the_open_slide_or_a_pause(steps):
    situation, slide, paused = Situation(), None, False
    for is_order, order, trouble, fails in steps:
        if not is_order:
            sentence = f"The {trouble} failed; mend it." if fails else None
            situation = replace(situation, **{trouble: sentence})
        else:
            with suppress(UsageError):
                situation = situation.after(order, "S-1")
                slide = {"begin": "S-1", "end": None}.get(order, slide)
                paused = {"pause": True}.get(order, paused and order == "take")
        assert situation.slide == slide
        assert situation.is_paused == (paused and slide is not None)
        assert sentence_of(situation, Counts())


@pytest.mark.parametrize(
    ("situation", "state"),
    [
        (Situation(), State.WAITING),
        (Situation(slide="S"), State.READING),
        (Situation(slide="S", is_paused=True), State.PAUSED),
        (Situation(slide="S", is_paused=True, camera="gone"), State.CAMERA_LOST),
        (Situation(slide="S", camera="gone", room="none"), State.FULL),
        (Situation(slide="S", room="none", fault="worse"), State.FAULT),
        (Situation(camera="gone"), State.WAITING),
    ],
)
def test_the_gravest_thing_that_holds_is_the_state(situation, state):
    assert situation.state is state


@pytest.mark.parametrize(
    ("situation", "order", "sentence"),
    [
        (Situation(slide="S-1"), "begin", "Slide S-1 is still open"),
        (Situation(room="No room; free some."), "begin", "No slide can be begun now: No room"),
        (Situation(), "end", "No slide is open"),
        (Situation(slide="S"), "resume", "not paused"),
        (Situation(slide="S", is_paused=True), "pause", "paused already"),
        (Situation(slide="S", is_paused=True), "take", "the device is paused"),
    ],
)
def test_an_order_that_does_not_fit_is_refused_with_the_reason(situation, order, sentence):
    with pytest.raises(UsageError, match=sentence):
        situation.after(order, "S-2")


def test_a_slide_needs_an_identity():
    with pytest.raises(UsageError, match="identity"):
        Situation().after("begin", "")
