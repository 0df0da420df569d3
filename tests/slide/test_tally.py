from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edgeall.model.call import Call
from edgeall.slide.tally import MIN_CELLS, FieldCalls, SlideFacts, add_up

FACTS = SlideFacts("S-1", "cell", ("normal", "blast"), True, "net 1 (abc)")


def call(label: str, *, identified: bool = True) -> Call:
    return Call(label, 0.9, identified, identified and label == "blast", (0.1, 0.9))


def field(
    *calls: Call, sharpness: float = 100.0, faults: tuple[str, ...] = (), distance: float = 0.5
) -> FieldCalls:
    return FieldCalls(sharpness, distance, faults, calls, cut_by_border=1)  # type: ignore[arg-type] # literals


calls = st.builds(call, st.sampled_from(["normal", "blast"]), identified=st.booleans())


@given(st.lists(st.lists(calls, max_size=5), max_size=8))
def test_every_counted_cell_is_in_the_differential_or_unidentified(
    fields: list[list[Call]],
) -> None:
    reading = add_up(FACTS, [field(*cells) for cells in fields], interrupted=False)
    assert sum(n for _, n in reading.differential) + reading.unidentified == reading.counted
    assert reading.counted == sum(map(len, fields))


def test_an_unidentified_blast_counts_neither_as_blast_nor_as_normal() -> None:
    reading = add_up(FACTS, [field(call("blast", identified=False))], interrupted=False)
    assert reading.blasts is None
    assert reading.differential == (("normal", 0), ("blast", 0))
    assert "many unidentified" in reading.flags


def test_a_field_with_a_fault_is_kept_but_not_counted() -> None:
    fields = [field(call("normal")), field(call("blast"), faults=("overexposed",))]
    reading = add_up(FACTS, fields, interrupted=False)
    assert (reading.fields, reading.fields_not_counted, reading.counted) == (2, 1, 1)
    assert reading.blasts is not None
    assert reading.blasts.count == 0
    assert "exposure" in reading.flags


def test_a_field_blurred_beside_a_later_sharper_one_is_not_counted() -> None:
    fields = [field(call("blast"), sharpness=5.0), field(call("normal"), sharpness=100.0)]
    reading = add_up(FACTS, fields, interrupted=False)
    assert reading.fields_not_counted == 1
    assert "out of focus" in reading.flags


def test_few_cells_are_flagged_and_more_are_asked_for() -> None:
    reading = add_up(FACTS, [field(call("normal"), call("blast"))], interrupted=False)
    assert "too few cells" in reading.flags
    assert reading.more_needed is not None
    assert reading.more_needed > MIN_CELLS


def test_many_agreeing_cells_need_no_more() -> None:
    fields = [field(*[call("normal")] * 50) for _ in range(10)]
    reading = add_up(FACTS, fields, interrupted=False)
    assert reading.flags == ()
    assert reading.more_needed == 0


def test_colours_far_from_the_training_data_are_flagged() -> None:
    reading = add_up(FACTS, [field(call("normal"), distance=2.5)], interrupted=False)
    assert "unlike the training data" in reading.flags


def test_a_slide_without_cells_says_so_and_gives_no_fraction() -> None:
    reading = add_up(FACTS, [field()], interrupted=True)
    assert reading.blasts is None
    assert reading.flags == ("interrupted", "no cells found")
