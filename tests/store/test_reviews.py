from __future__ import annotations

import multiprocessing
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeall.errors import UsageError
from edgeall.slide.review import AS_CALLED, Opinion
from edgeall.slide.tally import FieldCalls, SlideFacts, add_up
from edgeall.store import audit
from edgeall.store.accounts import Account, ForbiddenError, add_account, begin_accounts, set_enabled
from edgeall.store.agreement import corrected_cells
from edgeall.store.logins import Logins
from edgeall.store.passwords import Cost
from edgeall.store.records import BundleRecord, CellPlace, FieldRecord
from edgeall.store.reviewed import cells_of_run, reviewed_reading
from edgeall.store.reviews import Edit, NewerReviewError, add_reviews, last_review, undo
from edgeall.store.store import Store

QUICK = Cost(memory=64, passes=1, lanes=1)
LABELS = ("normal", "blast")
MANIFEST = '{"format": 1, "output": {"labels": ["normal", "blast"], "blasts": ["blast"]}}'
BLAST, NORMAL = Opinion("class", "blast"), Opinion("class", "normal")
NO_CELL, UNIDENTIFIED = Opinion("not a cell"), Opinion("unidentified")


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store, make_field):
    """Return a run of two fields of four cells; cells 2, 4, 6 and 8 are called blasts."""
    bundle = BundleRecord("b", "1", "ab" * 32, MANIFEST)
    number = store.begin_run("S-1", "ada", "samples", bundle)
    records = [make_field(n, cells=4) for n in range(2)]
    fields = store.add_fields(number, records)
    facts = SlideFacts("S-1", "cell", LABELS, True, "b 1 (abababababab)", compare_focus=False)
    calls = [
        FieldCalls.of(record.field, [call for _, call in record.cells], record.cut_by_border)
        for record in records
    ]
    store.add_reading(number, add_up(facts, calls, interrupted=False), fields)
    return number


@pytest.fixture
def ada(store):
    return begin_accounts(store, "Ada", "blue mitten harbour", cost=QUICK)


@pytest.fixture
def grace(store, ada):
    _, first = add_account(store, "Grace", "technician", ada, cost=QUICK)
    return Logins(store, cost=QUICK).change_password("Grace", first, "green lantern meadow")


def stands(store, run):
    return {cell.number: cell.opinion for cell in cells_of_run(store, run)}


def test_every_cell_comes_with_its_call_and_what_stands_of_it(store, run, ada, tmp_path):
    (number,) = add_reviews(store, run, [Edit(3, 0, BLAST, "big nucleus")], ada)
    found = cells_of_run(store, run)
    assert [cell.number for cell in found] == list(range(1, 9))
    assert [cell.review for cell in found] == [0, 0, number, 0, 0, 0, 0, 0]
    third = found[2]
    assert (third.opinion, third.comment, third.reviewer) == (BLAST, "big nucleus", "Ada")
    assert (third.call.label, third.counted, third.field) == ("normal", True, 1)
    assert third.image.is_file()
    assert (found[0].opinion, found[0].reviewer) == (AS_CALLED, "")


def test_it_is_one_query_however_many_cells(store, run):
    asked = []
    store._connection.set_trace_callback(asked.append)
    cells_of_run(store, run)
    assert len(asked) == 1


def test_many_cells_are_reviewed_in_one_transaction_or_not_at_all(store, run, ada):
    add_reviews(store, run, [Edit(cell, 0, NO_CELL) for cell in (1, 2, 3)], ada)
    with pytest.raises(UsageError, match="has no cell 99"):
        add_reviews(store, run, [Edit(4, 0, BLAST), Edit(99, 0, BLAST)], ada)
    assert [cell for cell, opinion in stands(store, run).items() if opinion == NO_CELL] == [1, 2, 3]
    assert stands(store, run)[4] == AS_CALLED
    last = list(audit.entries(store))[-1]
    assert (last.actor, last.action, last.subject) == ("Ada", "reviewed", f"run {run}")
    assert last.detail == '{"cells":3,"first":1,"last":3}'


def test_the_reviewed_reading_counts_what_persons_said(store, run, ada):
    network = store.readings("S-1")[0].reading
    assert reviewed_reading(store, run) == network
    edits = [Edit(1, 0, BLAST), Edit(2, 0, NORMAL), Edit(4, 0, NO_CELL), Edit(6, 0, UNIDENTIFIED)]
    add_reviews(store, run, edits, ada)
    reading = reviewed_reading(store, run)
    assert reading.differential == (("normal", 1), ("blast", 2))
    assert (reading.counted, reading.unidentified) == (7, 4)
    assert (reading.blasts.count, reading.blasts.total) == (2, 3)
    assert store.readings("S-1")[0].reading == network, "what was stored first stays"


def test_a_field_that_was_not_counted_is_not_counted_after_a_review(store, make_field, ada):
    bundle = BundleRecord("b", "1", "ab" * 32, MANIFEST)
    run = store.begin_run("S-2", "ada", "samples", bundle)
    fields = store.add_fields(run, [make_field(n, cells=2) for n in range(2)])
    calls = tuple(call for _, call in make_field(0, cells=2).cells)
    blurred = [FieldCalls(9.0, 0.5, faults, calls, 1) for faults in ((), ("out of focus",))]
    facts = SlideFacts("S-2", "cell", LABELS, True, "b 1 (abababababab)", compare_focus=False)
    store.add_reading(run, add_up(facts, blurred, interrupted=False), fields[:1])
    add_reviews(store, run, [Edit(3, 0, BLAST), Edit(1, 0, BLAST)], ada)
    reading = reviewed_reading(store, run)
    assert (reading.fields_not_counted, reading.counted) == (1, 2)
    assert (reading.blasts.count, reading.blasts.total) == (2, 2)
    assert [cell.counted for cell in cells_of_run(store, run)] == [True, True, False, False]


def test_a_cell_seen_again_is_counted_once(store, make_field, ada):
    bundle = BundleRecord("b", "1", "ab" * 32, MANIFEST)
    run = store.begin_run("S-3", "ada", "samples", bundle)
    (first,) = store.add_fields(run, [make_field(0, cells=2)])
    again = make_field(1, cells=2)
    again = FieldRecord(again.field, again.cells, 0, (CellPlace(first, 1), None))
    (second,) = store.add_fields(run, [again])
    calls = [
        FieldCalls.of(make_field(0).field, [c for _, c in make_field(0).cells], 1),
        FieldCalls(100.0, 0.5, (), tuple(c for _, c in again.cells), 0, (0, None)),
    ]
    facts = SlideFacts("S-3", "cell", LABELS, True, "b 1 (abababababab)", compare_focus=False)
    network = add_up(facts, calls, interrupted=False)
    store.add_reading(run, network, [first, second])
    assert reviewed_reading(store, run) == network
    assert [cell.counted for cell in cells_of_run(store, run)] == [True, True, False, True]


def test_undoing_brings_back_the_opinion_before(store, run, ada):
    (one,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    (two,) = add_reviews(store, run, [Edit(1, one, NO_CELL)], ada)
    (three,) = undo(store, run, [(1, two)], ada)
    assert stands(store, run)[1] == BLAST
    undo(store, run, [(1, three)], ada)
    assert stands(store, run)[1] == NO_CELL
    with store.rows() as rows:
        assert rows.execute("SELECT count(*) FROM review").fetchone()[0] == 4


def test_undoing_the_first_review_leaves_what_the_network_called(store, run, ada):
    numbers = add_reviews(store, run, [Edit(1, 0, BLAST), Edit(2, 0, NORMAL)], ada)
    undo(store, run, list(zip((1, 2), numbers, strict=True)), ada)
    assert set(stands(store, run).values()) == {AS_CALLED}
    with pytest.raises(UsageError, match="nothing to undo"):
        undo(store, run, [(3, 0)], ada)


def test_undoing_takes_back_what_was_seen_and_nothing_newer(store, run, ada):
    (one,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    add_reviews(store, run, [Edit(1, one, NO_CELL)], ada)
    with pytest.raises(NewerReviewError):
        undo(store, run, [(1, one)], ada)
    assert stands(store, run)[1] == NO_CELL


def test_who_was_slower_is_told_whose_and_what_and_nothing_is_lost(store, run, ada, grace):
    (newer,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    with pytest.raises(NewerReviewError, match="Ada meanwhile said blast of cell 1") as caught:
        add_reviews(store, run, [Edit(1, 0, NO_CELL), Edit(2, 0, NO_CELL)], grace)
    (told,) = caught.value.newer
    assert (told.cell, told.review, told.opinion, told.reviewer) == (1, newer, BLAST, "Ada")
    assert (stands(store, run)[1], stands(store, run)[2]) == (BLAST, AS_CALLED)
    add_reviews(store, run, [Edit(1, newer, NO_CELL), Edit(2, 0, NO_CELL)], grace)
    assert stands(store, run)[1] == NO_CELL


def test_ones_own_newer_review_stands_in_nobodys_way(store, run, ada):
    add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    add_reviews(store, run, [Edit(1, 0, NO_CELL)], ada)
    assert stands(store, run)[1] == NO_CELL


def test_two_threads_review_the_same_cell_and_one_is_told(store, run, ada, grace):
    told, stored = [], []
    ready = threading.Barrier(2)

    def review(person, opinion):
        ready.wait()
        try:
            stored.extend(add_reviews(store, run, [Edit(1, 0, opinion)], person))
        except NewerReviewError as error:
            told.append(error)

    people = ((ada, BLAST), (grace, NO_CELL))
    threads = [threading.Thread(target=review, args=one) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(stored), len(told)) == (1, 1)
    assert told[0].newer[0].review == stored[0]


def review_in_a_process(folder, run, person: Account, ready, results) -> None:
    with Store.open(folder) as opened:
        ready.wait(30)
        done = told = 0
        for cell in range(1, 9):
            try:
                add_reviews(opened, run, [Edit(cell, 0, BLAST)], person)
                done += 1
            except NewerReviewError:
                told += 1
        results.put((done, told))


def test_two_processes_review_the_same_slide_and_nothing_is_lost(store, run, ada, grace, tmp_path):
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=review_in_a_process, args=(tmp_path, run, person, ready, results))
        for person in (ada, grace)
    ]
    for process in processes:
        process.start()
    counts = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sum(done for done, _ in counts) == 8, "each cell was reviewed once"
    assert sum(told for _, told in counts) == 8, "and the other was told"
    with store.rows() as rows:
        assert rows.execute("SELECT count(*) FROM review").fetchone()[0] == 8
        assert last_review(rows, run) == 8
    assert audit.verify(store).fault is None


@pytest.mark.parametrize(
    ("opinion", "why"),
    [
        (Opinion("class", "lymphocyte"), "no such class"),
        (Opinion("class"), "a label with class"),
        (Opinion("unidentified", "blast"), "a label with class"),
        (Opinion("maybe"), "say one of"),
    ],
)
def test_an_opinion_that_is_none_is_refused(store, run, ada, opinion, why):
    with pytest.raises(UsageError, match=why):
        add_reviews(store, run, [Edit(1, 0, opinion)], ada)


def test_edits_that_make_no_sense_are_refused(store, run, ada):
    for edits in ([], [Edit(1, 0, BLAST), Edit(1, 0, NORMAL)], [Edit(1, 0, BLAST, "x" * 2001)]):
        with pytest.raises(UsageError):
            add_reviews(store, run, edits, ada)
    with pytest.raises(UsageError, match="no such run"):
        add_reviews(store, 99, [Edit(1, 0, BLAST)], ada)
    with pytest.raises(UsageError, match="no such run"):
        reviewed_reading(store, 99)


def test_a_disabled_account_reviews_nothing(store, run, ada, grace):
    set_enabled(store, grace.number, False, ada)
    with pytest.raises(ForbiddenError):
        add_reviews(store, run, [Edit(1, 0, BLAST)], grace)


def test_a_run_without_a_reading_has_no_reviewed_one(store, make_field, ada):
    run = store.begin_run("S-9", "ada", "samples", BundleRecord("b", "1", "ab" * 32, MANIFEST))
    store.add_fields(run, [make_field(0)])
    with pytest.raises(UsageError, match="has no reading"):
        reviewed_reading(store, run)


def test_only_cells_that_were_corrected_are_given_for_training(store, run, ada):
    edits = [
        Edit(1, 0, BLAST), Edit(2, 0, BLAST), Edit(3, 0, UNIDENTIFIED), Edit(4, 0, UNIDENTIFIED),
        Edit(5, 0, NO_CELL), Edit(6, 0, NORMAL), Edit(7, 0, AS_CALLED),
    ]  # fmt: skip
    add_reviews(store, run, edits, ada)
    found = [(cell.cell, cell.network, cell.reviewed) for cell in corrected_cells(store)]
    assert found == [
        (1, "unidentified", "blast"),
        (4, "blast", "unidentified"),
        (5, "unidentified", "not a cell"),
        (6, "blast", "normal"),
    ]
    cell = next(corrected_cells(store))
    assert cell.image.is_file()
    assert (cell.box.left, cell.box.width, cell.reviewer, cell.run) == (0, 9, "Ada", run)


steps = st.lists(
    st.tuples(
        st.sampled_from(["Ada", "Grace"]),
        st.integers(1, 8),
        st.sampled_from([BLAST, NORMAL, NO_CELL, UNIDENTIFIED, AS_CALLED, "undo"]),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_what_stands_is_what_was_said_last_by_who_had_seen_the_rest(store, run, ada, grace, steps):
    """Two persons say, undo, look or do not look; a history of opinions tells what must stand."""
    people = {"Ada": ada, "Grace": grace}
    with store.rows() as rows:
        before = rows.execute("SELECT cell, verdict, label, reviewer FROM review ORDER BY id")
        history: dict[int, list[tuple[Opinion, str]]] = {}
        for cell, verdict, label, reviewer in before:
            history.setdefault(cell, []).append((Opinion(verdict, label), reviewer))
    for name, cell, said, looks in steps:
        said_before = history.setdefault(cell, [])
        newest = {found.number: found.review for found in cells_of_run(store, run)}[cell]
        seen = newest if looks else 0
        unseen = bool(said_before) and not looks
        others = unseen and said_before[-1][1] != name
        try:
            if said == "undo":
                undo(store, run, [(cell, seen)], people[name])
                assert not unseen
                said = said_before[-2][0] if len(said_before) > 1 else AS_CALLED
            else:
                add_reviews(store, run, [Edit(cell, seen, said)], people[name])
                assert not others
            said_before.append((said, name))
        except NewerReviewError:
            assert others or (said == "undo" and unseen)
        except UsageError:
            assert said == "undo"
            assert not said_before
    for cell, opinion in stands(store, run).items():
        expected = history.get(cell)
        assert opinion == (expected[-1][0] if expected else AS_CALLED)
