from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeall.errors import DiskFullError, StoreError
from edgeall.slide.reading import Proportion, Reading
from edgeall.store import connection
from edgeall.store import store as store_module
from edgeall.store.store import DATABASE, Store

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)
SHARE = st.floats(0, 1)
COUNT = st.integers(0, 2**40)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def raw(store: Store) -> sqlite3.Connection:
    return sqlite3.connect(store.path, isolation_level=None)


def test_a_run_comes_back_as_it_was_stored(store, bundle, make_field, make_reading):
    run = store.begin_run("S-1", "Dr. Ö", "samples", bundle)
    first, second = store.add_fields(run, [make_field(0), make_field(1)])
    number = store.add_reading(run, make_reading(), [second])

    (stored,) = store.readings("S-1")
    assert stored.reading == make_reading()
    assert (stored.number, stored.run, stored.operator) == (number, run, "Dr. Ö")
    fields = list(store.fields("S-1"))
    assert [field.number for field in fields] == [first, second]
    assert [field.counted for field in fields] == [False, True]
    kept, record = fields[0], make_field(0)
    assert kept.origin == record.field.frame.origin
    assert (kept.width, kept.height) == (64, 48)
    assert kept.taken_at == record.field.frame.taken_at
    assert kept.settings == record.field.frame.settings
    assert (kept.um_per_pixel, kept.cut_by_border) == (0.25, 1)
    cells = list(store.cells("S-1"))
    assert [cell.call for cell in cells] == 2 * [call for _, call in record.cells]
    assert [cell.box for cell in cells[:2]] == [cell.box for cell, _ in record.cells if cell]
    assert cells[0].labels == ("normal", "blast")
    assert [cell.counted for cell in cells] == [False, False, True, True]


def test_a_field_that_is_one_example_has_no_box(store, bundle, make_field):
    run = store.begin_run("S-1", "", "samples", bundle)
    record = make_field(0)
    store.add_fields(run, [replace(record, cells=((None, record.cells[0][1]),))])
    (row,) = store.cells("S-1")
    assert row.box is None
    assert row.counted is None, "the run has no reading yet"


def test_a_file_is_stored_as_it_was_under_the_hash_of_its_bytes(store, bundle, make_field):
    record = make_field(0)
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_fields(run, [record])
    (field,) = store.fields("S-1")
    data = field.image.read_bytes()
    assert data == record.field.frame.encoded
    digest = hashlib.sha256(data).hexdigest()
    assert field.image == store.images / digest[:2] / f"{digest}.jpg"


def test_a_camera_frame_is_stored_without_loss(store, bundle, make_field):
    record = make_field(0, encoded=False)
    run = store.begin_run("S-1", "", "camera", bundle)
    store.add_fields(run, [record])
    (field,) = store.fields("S-1")
    assert field.image.suffix == ".png"
    back = cv2.cvtColor(cv2.imread(str(field.image)), cv2.COLOR_BGR2RGB)
    assert np.array_equal(back, record.field.frame.pixels)


def test_the_same_picture_is_stored_once(store, bundle, make_field):
    for slide in ("S-1", "S-2"):
        run = store.begin_run(slide, "", "samples", bundle)
        store.add_fields(run, [make_field(0), make_field(0)])
    assert len(list(store.images.rglob("*.jpg"))) == 1
    with raw(store) as database:
        assert database.execute("SELECT count(*) FROM image").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM bundle").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM field").fetchone() == (4,)
    database.close()


def test_every_row_says_when_by_three_clocks(store, bundle, make_field, make_reading):
    before = time.monotonic_ns()
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    (stored,) = store.readings("S-1")
    assert stored.written.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert before < stored.written.monotonic_ns < time.monotonic_ns()
    assert stored.written.wall_clock.utcoffset().total_seconds() == 0
    with raw(store) as database:
        for table in ("run", "bundle", "image", "field", "reading"):
            (missing,) = database.execute(
                f"SELECT count(*) FROM {table} WHERE written NOT IN (SELECT id FROM moment)"
            ).fetchone()
            assert missing == 0
    database.close()


def test_a_clock_that_fell_back_to_1970_neither_fails_nor_reorders(
    store, bundle, make_field, make_reading, monkeypatch
):
    for slide, seconds in (("later", 1_800_000_000), ("earlier", 12), ("before", -3600)):
        monkeypatch.setattr(time, "time_ns", lambda seconds=seconds: seconds * 10**9)
        run = store.begin_run(slide, "", "samples", bundle)
        store.add_reading(run, make_reading(slide), store.add_fields(run, [make_field()]))
    slides = store.slides()
    assert [summary.slide_id for summary in slides] == ["later", "earlier", "before"]
    assert [summary.latest.written.wall_clock.year for summary in slides] == [2027, 1970, 1969]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET id = id + 1",
        "DELETE FROM {table}",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ],
)
@pytest.mark.parametrize(
    "table",
    ["moment", "bundle", "run", "image", "field", "cell", "reading", "reading_field"],
)
def test_no_row_is_ever_changed(store, bundle, make_field, make_reading, table, statement):
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    database = raw(store)
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|takes no more"):
        database.execute(statement.format(table=table))
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO reading_field (reading, field) SELECT reading, field "
        "FROM reading_field",
        "INSERT OR REPLACE INTO image (sha256, suffix, bytes, written) "
        "SELECT sha256, '.gif', bytes, written FROM image",
    ],
)
def test_no_row_is_replaced_by_one_of_another_number(
    store, bundle, make_field, make_reading, statement
):
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    database = raw(store)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    database.close()


def test_a_second_reading_does_not_replace_the_first(store, bundle, make_field, make_reading):
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(interrupted=True), [])
    with pytest.raises(StoreError, match="refused a row"):
        store.add_reading(run, make_reading(), [])
    (stored,) = store.readings("S-1")
    assert "interrupted" in stored.reading.flags


def test_a_run_with_its_reading_takes_no_more_fields(store, bundle, make_field, make_reading):
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(), [])
    with pytest.raises(StoreError, match="begin another run"):
        store.add_fields(run, [make_field()])
    assert list(store.fields("S-1")) == []


def test_a_reading_counts_only_fields_of_its_own_run(store, bundle, make_field, make_reading):
    other = store.begin_run("S-1", "", "samples", bundle)
    (foreign,) = store.add_fields(other, [make_field()])
    run = store.begin_run("S-2", "", "samples", bundle)
    with pytest.raises(ValueError, match="not of run"):
        store.add_reading(run, make_reading("S-2"), [foreign])
    assert store.readings("S-2") == [], "nothing of it was stored"


def test_fields_are_stored_all_or_none(store, bundle, make_field):
    run = store.begin_run("S-1", "", "samples", bundle)
    bad = make_field(1)
    bad = replace(bad, cut_by_border=-1)
    with pytest.raises(StoreError, match="refused a row"):
        store.add_fields(run, [make_field(0), bad])
    assert list(store.fields("S-1")) == []
    store.add_fields(run, [make_field(2)])
    assert len(list(store.fields("S-1"))) == 1


def test_a_run_without_a_reading_is_seen(store, bundle, make_field, make_reading):
    done = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(done, make_reading(), store.add_fields(done, [make_field(0)]))
    cut = store.begin_run("S-1", "", "samples", bundle)
    store.add_fields(cut, [make_field(1), make_field(2, cells=0)])
    (summary,) = store.slides()
    assert (summary.runs, summary.cut_off, summary.fields, summary.cells) == (2, 1, 3, 4)
    assert summary.latest.run == done


def test_another_thread_may_store(store, bundle, make_field, make_reading):
    run = store.begin_run("S-1", "", "samples", bundle)
    kept: list[int] = []
    thread = threading.Thread(
        target=lambda: kept.extend(
            row for number in range(5) for row in store.add_fields(run, [make_field(number)])
        )
    )
    thread.start()
    thread.join()
    store.add_reading(run, make_reading(), kept)
    assert len(list(store.fields("S-1"))) == 5


def test_another_writer_is_waited_for_and_then_named(store, bundle, monkeypatch, tmp_path):
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.05)
    database = raw(store)
    database.execute("BEGIN IMMEDIATE")
    with (
        Store.open(store.path.parent) as second,
        pytest.raises(StoreError, match="another program has kept it locked"),
    ):
        second.begin_run("S-1", "", "samples", bundle)
    database.execute("ROLLBACK")
    database.close()
    store.begin_run("S-1", "", "samples", bundle)


def test_a_slide_is_not_begun_without_room_to_finish_it(store, bundle, monkeypatch):
    monkeypatch.setattr(store_module, "ROOM_FOR_A_SLIDE", 1 << 60)
    with pytest.raises(DiskFullError, match="free some space"):
        store.begin_run("S-1", "", "samples", bundle)
    assert store.slides() == []


def test_names_that_are_no_utf8_are_stored_and_found(store, bundle, make_field, make_reading):
    slide = b"S-\xff".decode("utf-8", "surrogateescape")
    run = store.begin_run(slide, slide, slide, bundle)
    store.add_reading(run, make_reading(slide), store.add_fields(run, [make_field()]))
    assert len(store.readings(slide)) == 1
    assert len(list(store.cells(slide))) == 2


def test_looking_makes_nothing(tmp_path):
    with pytest.raises(StoreError, match="nothing is stored there yet"):
        Store.open(tmp_path / "store", read_only=True)
    assert list(tmp_path.iterdir()) == []
    assert not Store.exists(tmp_path / "store")


def test_looking_changes_nothing(store, bundle, make_field, make_reading):
    run = store.begin_run("S-1", "", "samples", bundle)
    store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    with Store.open(store.path.parent, read_only=True) as looked:
        assert looked.readings("S-1") == store.readings("S-1")
        with pytest.raises(StoreError):
            looked.begin_run("S-2", "", "samples", bundle)


def test_a_closed_store_on_a_read_only_disk_can_be_read(
    tmp_path, bundle, make_field, make_reading, monkeypatch
):
    folder = tmp_path / "odd name?#%41"
    with Store.open(folder) as store:
        run = store.begin_run("S-1", "", "samples", bundle)
        store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    monkeypatch.setattr(connection.os, "access", lambda *_: False)
    with Store.open(folder, read_only=True) as looked:
        assert len(looked.readings("S-1")) == 1
    assert sorted(path.name for path in folder.iterdir()) == [DATABASE, "images"]


def test_an_unclosed_store_on_a_read_only_disk_says_what_to_do(
    store, bundle, tmp_path, monkeypatch
):
    store.begin_run("S-1", "", "samples", bundle)
    moved = tmp_path / "moved"
    moved.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{store.path}{suffix}", moved)
    monkeypatch.setattr(connection.os, "access", lambda *_: False)
    with pytest.raises(StoreError, match="copy the folder"):
        Store.open(moved, read_only=True)


@pytest.mark.parametrize("where", ["folder", "database"])
def test_something_else_in_the_place_is_named(tmp_path, where):
    folder = tmp_path / "store"
    if where == "folder":
        folder.write_text("no folder")
    else:
        (folder / DATABASE).mkdir(parents=True)
    with pytest.raises(StoreError, match=r"lies where|Not a directory"):
        Store.open(folder)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    flags = st.sampled_from(["out of focus", "interrupted", "too few cells", "no cells found"])
    blasts = st.builds(Proportion, COUNT, COUNT, SHARE, SHARE, SHARE)
    return draw(
        st.builds(
            Reading,
            slide_id=TEXT,
            unit=st.sampled_from(["cell", "field"]),
            fields=COUNT,
            fields_not_counted=COUNT,
            counted=COUNT,
            cut_by_border=COUNT,
            repeated=COUNT,
            differential=st.lists(st.tuples(TEXT, COUNT)).map(tuple),
            unidentified=COUNT,
            blasts=st.none() | blasts,
            more_needed=st.none() | COUNT,
            target_width=SHARE,
            flags=st.lists(flags).map(tuple),
            bundle=TEXT,
        )
    )


@given(reading=readings())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_reading_comes_back(store, bundle, reading):
    run = store.begin_run(reading.slide_id, "", "samples", bundle)
    store.add_reading(run, reading, [])
    assert store.readings(reading.slide_id)[-1].reading == reading
