from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.model.call import Call
from edgeall.slide.interval import clopper_pearson
from edgeall.slide.review import (
    AS_CALLED,
    Agreement,
    Opinion,
    ReviewedField,
    meant,
    reviewed_call,
    reviewed_reading,
    share_agreed,
)
from edgeall.slide.tally import FieldCalls, SlideFacts, add_up

LABELS = ("normal", "blast", "other")
BLASTS = ("blast",)
BLAST, NORMAL = Opinion("class", "blast"), Opinion("class", "normal")
NO_CELL, UNIDENTIFIED = Opinion("not a cell"), Opinion("unidentified")
FACTS = SlideFacts("S", "cell", LABELS, True, "b 1", compare_focus=False)


def call(label="normal", identified=True):
    return Call(label, 0.9, identified, identified and label in BLASTS, (0.9, 0.05, 0.05))


def field(calls, opinions=None, *, faults=(), first_seen=()):
    fields = FieldCalls(50.0, 0.5, faults, tuple(calls), 1, first_seen)
    return ReviewedField(fields, tuple(opinions or [AS_CALLED] * len(calls)))


def read(*fields, known=(), interrupted=False):
    """Return the network's reading and the reviewed one."""
    network = add_up(FACTS, [one.calls for one in fields], interrupted=interrupted, known=known)
    return network, reviewed_reading(network, LABELS, BLASTS, fields)


opinions = st.sampled_from(
    [AS_CALLED, NO_CELL, UNIDENTIFIED, *(Opinion("class", label) for label in LABELS)]
)
calls = st.builds(call, st.sampled_from(LABELS), st.booleans())
cells = st.lists(st.tuples(calls, opinions), max_size=12)
fields = st.lists(
    st.tuples(cells, st.sampled_from([(), ("out of focus",)])).map(
        lambda given: field([c for c, _ in given[0]], [o for _, o in given[0]], faults=given[1])
    ),
    max_size=4,
)


@given(fields, st.booleans())
def test_what_nobody_reviewed_is_the_networks_reading(given_fields, interrupted):
    unreviewed = [field(one.calls.calls, faults=one.calls.faults) for one in given_fields]
    network, reviewed = read(*unreviewed, interrupted=interrupted, known=("not calibrated",))
    assert reviewed == network


@given(fields)
def test_the_reviewed_reading_is_counted_from_what_persons_said(given_fields):
    _, reviewed = read(*given_fields)
    said = []
    for one in given_fields:
        for network, opinion in zip(one.calls.calls, one.opinions, strict=True):
            word = meant(network.label if network.identified else "unidentified", opinion)
            if word != "not a cell" and not one.calls.faults:
                said.append(word)
    counts = Counter(said)
    identified = sum(counts[label] for label in LABELS)
    assert reviewed.counted == len(said)
    assert reviewed.unidentified == counts["unidentified"]
    assert reviewed.differential == tuple((label, counts[label]) for label in LABELS)
    if not identified:
        assert reviewed.blasts is None
        return
    assert (reviewed.blasts.count, reviewed.blasts.total) == (counts["blast"], identified)
    low, high = clopper_pearson(counts["blast"], identified)
    assert (reviewed.blasts.low, reviewed.blasts.high) == (low, high)


def test_the_networks_call_counts_for_nothing_where_a_person_said_otherwise():
    _, reviewed = read(field([call("normal")] * 4, [BLAST, NO_CELL, UNIDENTIFIED, AS_CALLED]))
    assert reviewed.differential == (("normal", 1), ("blast", 1), ("other", 0))
    assert (reviewed.counted, reviewed.unidentified) == (3, 1)
    assert (reviewed.blasts.count, reviewed.blasts.total) == (1, 2)


def test_a_person_identifies_what_the_network_did_not():
    network, reviewed = read(field([call("blast", identified=False)], [BLAST]))
    assert (network.blasts, network.unidentified) == (None, 1)
    assert (reviewed.blasts.count, reviewed.unidentified) == (1, 0)


def test_a_cell_seen_twice_is_counted_once_and_not_at_all_where_it_is_none():
    first, second = field([call("blast")]), field([call("blast")], first_seen=(0,))
    _, reviewed = read(first, second)
    assert (reviewed.counted, reviewed.repeated) == (1, 1)
    _, reviewed = read(field([call("blast")], [NO_CELL]), second)
    assert reviewed.counted == 0


def test_flags_of_cells_are_found_anew_and_the_devices_remain():
    unsure = field([call("normal", identified=False)] * 150, [NORMAL] * 150)
    network, reviewed = read(unsure, known=("illumination drift",), interrupted=True)
    own = ("interrupted", "too few cells", "many unidentified")
    assert network.flags == (*own, "illumination drift")
    assert reviewed.flags == ("interrupted", "illumination drift")


def test_the_probabilities_stay_the_networks():
    said = reviewed_call(call("normal"), BLAST, BLASTS)
    assert said == Call("blast", 1.0, True, True, call().probabilities)
    assert reviewed_call(call(), NO_CELL, BLASTS) is None


@pytest.mark.parametrize(
    ("opinion", "word"),
    [
        (AS_CALLED, "normal"),
        (BLAST, "blast"),
        (NO_CELL, "not a cell"),
        (UNIDENTIFIED, "unidentified"),
    ],
)
def test_an_opinion_is_one_word(opinion, word):
    assert meant("normal", opinion) == word


def test_agreement_is_a_share_of_what_persons_said():
    counts = [
        Agreement("blast", "blast", 8),
        Agreement("normal", "blast", 2),
        Agreement("unidentified", "normal", 1),
    ]
    assert share_agreed(counts) == {"blast": (8, 10), "normal": (0, 1)}
