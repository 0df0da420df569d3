"""Whatever is done to the log's rows in the file, the first row that does not fit is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeall.errors import StoreError
from edgeall.store import audit
from edgeall.store.audit import KnownSeal, append, audited, entries, verify
from edgeall.store.store import DATABASE, Store

ROWS = 6


@pytest.fixture
def folder(tmp_path):
    """Return a store with six rows in its log."""
    write(tmp_path, ROWS)
    return tmp_path


def write(folder, count, actor="ada"):
    with Store.open(folder) as store:
        for number in range(count):
            with audited(store) as rows:
                append(rows, actor, "looked", f"run {number}", {"cells": number, "é": "\u2028"})


def tamper(folder, *statements):
    """Change the log as its attacker would: past the triggers, in the file itself."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as opened:
        for kept in ("audit", "moment"):
            for guard in ("changed", "removed", "replaced"):
                opened.execute(f"DROP TRIGGER IF EXISTS {kept}_is_not_{guard}")
        for statement in statements:
            opened.execute(statement)


def found(folder, *known):
    with Store.open(folder, read_only=True) as store:
        return verify(store, known)


def row(folder, number):
    with Store.open(folder, read_only=True) as store:
        return next(entry for entry in entries(store) if entry.number == number)


def test_an_untouched_log_fits(folder):
    result = found(folder)
    assert (result.rows, result.fault, result.compared) == (ROWS, None, 1)
    assert result.newest == KnownSeal(ROWS, row(folder, ROWS).seal)


def test_an_empty_log_fits(tmp_path):
    with Store.open(tmp_path) as store:
        result = verify(store)
    assert (result.rows, result.newest, result.fault, result.compared) == (0, None, None, 0)


def test_a_log_goes_on_in_another_process_and_still_fits(folder):
    write(folder, 3, actor="grace")
    assert (found(folder).rows, found(folder).fault) == (ROWS + 3, None)


@pytest.mark.parametrize("number", [1, 3, ROWS])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'eve' WHERE id = {}",
        "UPDATE audit SET action = 'signed' WHERE id = {}",
        "UPDATE audit SET subject = 'run 9' WHERE id = {}",
        "UPDATE audit SET detail = '{{}}' WHERE id = {}",
        "UPDATE audit SET seal = replace(seal, substr(seal, 1, 1), 'x') WHERE id = {}",
        "UPDATE audit SET written = (SELECT written FROM audit WHERE id = {} % 3 + 4) "
        "WHERE id = {}",
        "UPDATE moment SET wall_clock = '2020-01-01T00:00:00+00:00' "
        "WHERE id = (SELECT written FROM audit WHERE id = {})",
    ],
)  # fmt: skip
def test_a_changed_row_is_named(folder, number, change):
    tamper(folder, change.format(*[number] * change.count("{}")))
    result = found(folder)
    assert f"row {number} is not as it was sealed" in result.fault
    assert result.rows == number - 1


@pytest.mark.parametrize("number", [1, 3, ROWS - 1])
def test_a_removed_row_is_named(folder, number):
    tamper(folder, f"DELETE FROM audit WHERE id = {number}")
    assert f"row {number} is not there" in found(folder).fault


@pytest.mark.parametrize("number", [1, 3, ROWS - 1])
def test_a_removed_row_is_named_though_the_rest_was_numbered_anew(folder, number):
    tamper(
        folder,
        f"DELETE FROM audit WHERE id = {number}",
        f"UPDATE audit SET id = id - 1 WHERE id > {number}",
    )
    assert f"row {number} is not as it was sealed" in found(folder).fault


def test_swapped_rows_are_named(folder):
    tamper(
        folder,
        "UPDATE audit SET id = 100 WHERE id = 2",
        "UPDATE audit SET id = 2 WHERE id = 4",
        "UPDATE audit SET id = 4 WHERE id = 100",
    )
    assert "row 2 is not as it was sealed" in found(folder).fault


def test_an_inserted_row_is_named(folder):
    tamper(
        folder,
        "UPDATE audit SET id = id + 100 WHERE id > 2",
        "INSERT INTO audit SELECT 3, 'eve', action, subject, detail, written, "
        "replace(seal, 'a', 'b') FROM audit WHERE id = 2",
        "UPDATE audit SET id = id - 99 WHERE id > 100",
    )
    assert "row 3 is not as it was sealed" in found(folder).fault


@pytest.mark.parametrize("left", [0, 1, ROWS - 1])
def test_a_tail_that_was_cut_off_is_named(folder, left):
    tamper(folder, f"DELETE FROM audit WHERE id > {left}")
    assert f"row {left + 1} is not there" in found(folder).fault
    assert f"once had {ROWS} rows" in found(folder).fault


def test_a_tail_that_was_replaced_is_named(folder):
    """Its chain fits, and the seal beside it was forged; one that a person kept tells."""
    kept = KnownSeal(4, row(folder, 4).seal)
    tamper(folder, "DELETE FROM audit WHERE id > 3")
    write(folder, ROWS, actor="eve")
    assert found(folder).fault is None, "what nobody kept elsewhere can be forged"
    assert "row 4 has another seal than was kept apart" in found(folder, kept).fault


def test_a_seal_in_a_signature_tells_of_a_replaced_tail(folder, bundle):
    seal = row(folder, 5).seal
    with Store.open(folder) as store:
        run = store.begin_run("S", "ada", "samples", bundle)
        with store.rows(write=True) as rows:
            rows.execute(
                "INSERT INTO signature (run, version, last_review, reading, comment, reason, "
                "signer, written) VALUES (?, 1, 0, ?, '', '', 'ada', 1)",
                (run, f'{{"audit": {{"number": 5, "seal": "{seal}"}}}}'),
            )
    assert (found(folder).fault, found(folder).compared) == (None, 2)
    tamper(folder, "DELETE FROM audit WHERE id > 3")
    write(folder, ROWS, actor="eve")
    assert "row 5 has another seal" in found(folder).fault


def test_two_kept_seals_that_contradict_each_other_do_not_hide_it(folder):
    forged = KnownSeal(3, "0" * 64)
    true = KnownSeal(3, row(folder, 3).seal)
    assert found(folder, true).fault is None
    assert "row 3 has another seal" in found(folder, true, forged).fault
    assert "row 3 has another seal" in found(folder, forged, true).fault


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"{}", b'{"number": "1", "seal": 2}'])
def test_without_a_readable_seal_apart_nothing_is_compared(folder, content):
    kept = folder / audit.SEAL_FILE
    kept.unlink()
    if content is not None:
        kept.write_bytes(content)
    assert (found(folder).fault, found(folder).compared) == (None, 0)


def test_what_was_not_done_is_not_logged(folder):
    before = (folder / audit.SEAL_FILE).read_bytes()

    def fail(store):
        with audited(store) as rows:
            append(rows, "ada", "divided", "run 1")
            rows.execute("INSERT INTO nothing VALUES (1)")

    with Store.open(folder) as store, pytest.raises(StoreError):
        fail(store)
    assert found(folder).rows == ROWS
    assert (folder / audit.SEAL_FILE).read_bytes() == before


def test_what_was_done_is_done_though_its_seal_cannot_be_kept_apart(folder):
    (folder / audit.SEAL_FILE).unlink()
    (folder / audit.SEAL_FILE).mkdir()
    write(folder, 1)
    assert (found(folder).rows, found(folder).compared) == (ROWS + 1, 0)


def test_several_rows_of_one_transaction_are_a_chain(folder):
    with Store.open(folder) as store:
        with audited(store) as rows:
            assert [append(rows, "ada", "looked", "run 1") for _ in range(3)] == [7, 8, 9]
        assert (verify(store).rows, verify(store).fault) == (9, None)


def test_a_row_cannot_be_changed_by_a_program_that_keeps_to_the_rules(folder):
    with Store.open(folder) as store:
        for statement in ("UPDATE audit SET actor = 'eve'", "DELETE FROM audit"):
            with pytest.raises(StoreError, match="append-only"), store.rows(write=True) as rows:
                rows.execute(statement)


def test_rows_are_found_by_actor_subject_and_time(folder):
    write(folder, 1, actor="grace")
    with Store.open(folder, read_only=True) as store:
        assert [entry.number for entry in entries(store, actor="grace")] == [7]
        assert [entry.number for entry in entries(store, subject="run 0")] == [1, 7]
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert list(entries(store, since=soon)) == []
        assert len(list(entries(store, since=soon - timedelta(hours=1)))) == 7


def test_a_row_without_its_moment_is_shown_all_the_same(folder):
    tamper(folder, "PRAGMA foreign_keys = OFF", "DELETE FROM moment")
    assert row(folder, 1).written is None
    assert "row 1 is not as it was sealed" in found(folder).fault


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.text(max_size=9), st.text(max_size=9), st.text(max_size=9),
            st.dictionaries(st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text()),
        ),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_whatever_is_written_fits(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("log")
    with Store.open(folder) as store:
        with audited(store) as opened:
            for actor, action, subject, detail in rows:
                append(opened, actor, action, subject, detail)
        assert verify(store).fault is None
        assert verify(store).rows == len(rows)
