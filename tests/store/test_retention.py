"""What nobody needs goes; a finding's picture only where every rule lets it, and its row stays."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edgeall.errors import StoreError
from edgeall.slide.review import Opinion
from edgeall.store import retention, upkeep
from edgeall.store.accounts import Account, accounts, begin_accounts
from edgeall.store.amendments import begin_amendment
from edgeall.store.images import INCOMING
from edgeall.store.logins import Logins
from edgeall.store.passwords import Cost
from edgeall.store.records import Moment
from edgeall.store.retention import Limits, clear_away, removable_images
from edgeall.store.reviewed import cells_of_run
from edgeall.store.reviews import Edit, add_reviews
from edgeall.store.signatures import sign
from edgeall.store.store import DATABASE, Store
from edgeall.store.upkeep import clearing

ROOMY = Limits(days=30, free=0)
SHORT = Limits(days=30, free=1 << 62)
"""More than any disk has: everything removable goes."""

NOW = datetime(2027, 3, 1, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Set the clock of what is written, and of what is cleared away."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr(
            "edgeall.store.writing.now", lambda: Moment("boot", time.monotonic_ns(), moment, True)
        )
        monkeypatch.setattr(
            retention, "now", lambda: Moment("boot", time.monotonic_ns(), moment, True)
        )

    set_clock(NOW)
    return set_clock


@pytest.fixture
def add(tmp_path, bundle, make_field, make_reading):
    """Store a slide; a control slide has its verdict."""

    def add_slide(*numbers: int, passed: bool | None = None) -> list[Path]:
        with Store.open(tmp_path) as store:
            run = store.begin_run("S", "ada", "samples", bundle)
            fields = store.add_fields(run, [make_field(number) for number in numbers])
            store.add_reading(run, make_reading("S"), fields)
            if passed is not None:
                write(
                    tmp_path,
                    "INSERT INTO control (run, material, measures, passed, findings, operator, "
                    "written) VALUES (?, 'm', '{}', ?, '[]', 'ada', (SELECT max(id) FROM moment))",
                    (run, passed),
                )
            return [field.image for field in store.fields("S")][-len(numbers) :]

    return add_slide


def signer(store: Store) -> Account:
    """Return an administrator who has just typed the password."""
    cost = Cost(memory=64, passes=1, lanes=1)
    if not accounts(store):
        begin_accounts(store, "Ada", "blue mitten harbour", cost=cost)
    return Logins(store, cost=cost).check("Ada", "blue mitten harbour")


def sign_run(folder: Path, run: int = 1, *, flagged: bool = False) -> None:
    """Sign a run; all its cells were identified by a person unless it is to be flagged."""
    with Store.open(folder) as store:
        ada = signer(store)
        blast = Opinion("class", "blast")
        edits = [Edit(cell.number, cell.review, blast) for cell in cells_of_run(store, run)]
        seen = add_reviews(store, run, edits, ada)[-1]
        sign(store, run, ada, seen=seen, stopped=None, min_cells=1000 if flagged else 1)


def write(folder: Path, statement: str, values: tuple[object, ...] = ()) -> None:
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as rows:
        rows.execute(statement, values)


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / DATABASE)) as opened:
        return opened.execute(question).fetchall()


def aged(path: Path, data: bytes = b"left over", *, days: float = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)
    then = NOW.timestamp() - days * 86400
    os.utime(path, (then, then))
    return path


def test_what_nobody_needs_goes_and_the_rest_stays(tmp_path, add, at):
    (picture,) = add(1)
    aged(picture, days=900)
    images = tmp_path / "images"
    gone = [
        aged(images / "ab" / f"{'ab' * 32}.jpg"),
        aged(images / INCOMING / "half.1234"),
        aged(tmp_path / f"{DATABASE}.before-migration-1", days=31),
        aged(tmp_path / f".{DATABASE}.before-migration-1"),
    ]
    kept = [
        picture,
        aged(images / "cd" / f"{'cd' * 32}.jpg", days=0.9),
        aged(images / INCOMING / "half.5678", days=0.9),
        aged(tmp_path / f"{DATABASE}.before-migration-2", days=29),
        # Written by a clock that was not set: it may be from today.
        aged(tmp_path / f"{DATABASE}.before-migration-3", days=21_000),
        aged(tmp_path / "a-file-of-somebody-else", days=900),
    ]
    # Opening the store to write clears .incoming when nobody else is there; here somebody is.
    with Store.open(tmp_path):
        aged(gone[1])
        aged(kept[2], days=0.9)
        looked = clear_away(tmp_path, ROOMY, dry_run=True)
        assert all(path.exists() for path in (*gone, *kept)), "looking clears nothing"
        cleared = clear_away(tmp_path, ROOMY)
    assert set(looked.leftovers) == {str(path.relative_to(tmp_path)) for path in gone}
    assert set(cleared.leftovers) == set(looked.leftovers)
    assert (looked.bytes, cleared.bytes) == (36, 36)
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in kept)
    assert cleared.pictures == ()


def test_pictures_go_only_where_room_is_short_oldest_first(tmp_path, add, at, monkeypatch):
    pictures = []
    for number in range(4):
        at(NOW - timedelta(days=100 - number))
        pictures += add(number, passed=True)
    at(NOW)
    assert clear_away(tmp_path, ROOMY).pictures == ()
    monkeypatch.setattr(retention, "_AT_ONCE", 1)
    room = iter([10, 20, 30, 30])
    monkeypatch.setattr(retention.shutil, "disk_usage", lambda _: Usage(next(room)))
    cleared = clear_away(tmp_path, Limits(30, 30))
    assert [Path(place).name for place in cleared.pictures] == [p.name for p in pictures[:2]]
    assert [picture.exists() for picture in pictures] == [False, False, True, True]


class Usage:
    """What is free on a disk."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_a_removal_leaves_its_row_and_every_finding(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    add(1, passed=True)
    findings = rows(tmp_path, "SELECT * FROM cell"), rows(tmp_path, "SELECT * FROM reading")
    at(NOW)
    clear_away(tmp_path, SHORT)
    ((operator, reason),) = rows(tmp_path, "SELECT operator, reason FROM image_removed")
    assert operator == "edgeall retention"
    assert "older than 30 days" in reason
    assert findings == (
        rows(tmp_path, "SELECT * FROM cell"),
        rows(tmp_path, "SELECT * FROM reading"),
    )
    assert clear_away(tmp_path, SHORT).pictures == (), "once"


@pytest.mark.parametrize(
    ("days_ago", "passed"),
    [(100, None), (100, False), (29, True)],
    ids=["an unsigned slide", "a control that failed", "a young control"],
)
def test_pictures_that_may_not_go_stay(tmp_path, add, at, days_ago, passed):
    at(NOW - timedelta(days=days_ago))
    (picture,) = add(1, passed=passed)
    at(NOW)
    assert clear_away(tmp_path, SHORT, dry_run=True).pictures == ()
    assert clear_away(tmp_path, SHORT).pictures == ()
    assert picture.exists()


def test_pictures_of_a_signed_slide_without_a_flag_go_when_they_are_old(tmp_path, add, at):
    at(NOW - timedelta(days=31))
    (picture,) = add(1)
    sign_run(tmp_path)
    at(NOW - timedelta(days=2))
    assert clear_away(tmp_path, SHORT).pictures == (), "29 days are too young"
    at(NOW)
    assert clear_away(tmp_path, ROOMY).pictures == (), "there is room"
    assert clear_away(tmp_path, SHORT).pictures == (f"{picture.parent.name}/{picture.name}",)
    assert not picture.exists()


def test_pictures_of_a_signed_slide_with_a_flag_stay(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    (picture,) = add(1)
    sign_run(tmp_path, flagged=True)
    at(NOW)
    assert clear_away(tmp_path, SHORT).pictures == ()
    assert picture.exists()


def test_pictures_stay_while_their_slide_is_amended_and_go_once_it_is_signed_again(
    tmp_path, add, at
):
    at(NOW - timedelta(days=100))
    (picture,) = add(1)
    sign_run(tmp_path)
    with Store.open(tmp_path) as store:
        begin_amendment(store, 1, "a cell was mistaken", signer(store))
    at(NOW)
    assert clear_away(tmp_path, SHORT).pictures == ()
    sign_run(tmp_path)
    assert len(clear_away(tmp_path, SHORT).pictures) == 1
    assert not picture.exists()


def test_the_newest_version_of_a_signature_counts(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    add(1)
    sign_run(tmp_path)
    with Store.open(tmp_path) as store:
        begin_amendment(store, 1, "a cell was mistaken", signer(store))
    sign_run(tmp_path, flagged=True)
    at(NOW)
    assert clear_away(tmp_path, SHORT).pictures == ()


def test_a_picture_that_an_unsigned_slide_shows_too_stays(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    add(1)
    (picture,) = add(1)
    sign_run(tmp_path, run=1)
    at(NOW)
    assert clear_away(tmp_path, SHORT).pictures == ()
    sign_run(tmp_path, run=2)
    assert len(clear_away(tmp_path, SHORT).pictures) == 1
    assert not picture.exists()


def test_a_picture_that_a_patients_slide_shows_too_stays(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    (control,) = add(1, passed=True)
    (patient,) = add(1)
    at(NOW)
    assert control == patient, "the same bytes are one file"
    assert clear_away(tmp_path, SHORT).pictures == ()
    assert control.exists()


def test_a_picture_of_an_unknown_age_stays(tmp_path, add, at):
    at(datetime(1970, 1, 2, tzinfo=UTC))
    (picture,) = add(1, passed=True)
    at(NOW)
    assert clear_away(tmp_path, SHORT).pictures == ()
    assert picture.exists()


def test_a_clock_before_its_time_removes_nothing(tmp_path, add, at):
    (picture,) = add(1, passed=True)
    aged(tmp_path / "images" / "ab" / f"{'ab' * 32}.jpg")
    at(datetime(1970, 1, 1, tzinfo=UTC))
    cleared = clear_away(tmp_path, SHORT)
    assert (cleared.leftovers, cleared.pictures) == ((), ())
    assert picture.exists()


def test_a_power_cut_after_the_row_leaves_an_orphan_for_the_next_run(
    tmp_path, add, at, monkeypatch
):
    at(NOW - timedelta(days=100))
    (picture,) = add(1, passed=True)
    aged(picture)
    at(NOW)
    with monkeypatch.context() as cut:
        cut.setattr(retention, "_unlink_unneeded", cut_at_the_second_call())
        with pytest.raises(KeyboardInterrupt):
            clear_away(tmp_path, SHORT)
    assert picture.exists()
    assert len(rows(tmp_path, "SELECT * FROM image_removed")) == 1, "the row was there first"
    cleared = clear_away(tmp_path, ROOMY)
    assert cleared.leftovers == (str(picture.relative_to(tmp_path)),)
    assert not picture.exists()


def cut_at_the_second_call():
    """Return what clears orphans away and, asked for a finding's picture, is cut off."""
    calls = iter([0])

    def cut(*_: object) -> int:
        for size in calls:
            return size
        raise KeyboardInterrupt

    return cut


def test_a_removed_picture_that_is_taken_again_stays(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    (picture,) = add(1, passed=True)
    at(NOW)
    clear_away(tmp_path, SHORT)
    assert not picture.exists()
    add(1)
    aged(picture)
    assert clear_away(tmp_path, SHORT).leftovers == ()
    assert picture.exists()


def test_an_abandoned_picture_that_is_named_meanwhile_stays(tmp_path, add, at, monkeypatch):
    """The run finds it there and does not write it again; then retention would take it."""
    add(1)
    (picture,) = add(2)
    data = picture.read_bytes()
    with closing(sqlite3.connect(tmp_path / DATABASE)) as opened:
        opened.executescript(
            "DROP TRIGGER field_is_not_removed; DROP TRIGGER cell_is_not_removed;"
            "DROP TRIGGER image_is_not_removed; DROP TRIGGER reading_field_is_not_removed;"
            "DELETE FROM cell WHERE field = 2; DELETE FROM reading_field WHERE field = 2;"
            "DELETE FROM field WHERE id = 2; DELETE FROM image WHERE id = 2;"
        )
    aged(picture)
    unneeded = retention._unneeded

    def meanwhile(*given):
        found = unneeded(*given)
        assert picture in found
        add(2)
        return found

    monkeypatch.setattr(retention, "_unneeded", meanwhile)
    clear_away(tmp_path, ROOMY)
    assert picture.read_bytes() == data


def test_clearing_waits_for_a_picture_that_waits_for_its_row(tmp_path, add, at):
    add(1)
    images = tmp_path / "images"
    events: list[str] = []

    def clear() -> None:
        with clearing(images):
            events.append("cleared")

    with upkeep.naming(images):
        thread = threading.Thread(target=clear)
        thread.start()
        thread.join(0.2)
        events.append("named")
    thread.join()
    assert events == ["named", "cleared"]


def test_a_store_that_is_absent_or_backed_up_is_told(tmp_path, add, at):
    with pytest.raises(StoreError, match="nothing is stored there yet"):
        clear_away(tmp_path / "absent", ROOMY)
    assert not (tmp_path / "absent").exists()
    add(1)
    with (
        upkeep.alone(tmp_path),
        pytest.raises(StoreError, match="another backup or retention is running"),
    ):
        clear_away(tmp_path, ROOMY)


def test_ten_thousand_fields_are_looked_through_at_once(tmp_path, add, at):
    at(NOW - timedelta(days=100))
    add(1, passed=True)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as opened:
        opened.executescript(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
            "INSERT INTO image (id, sha256, suffix, bytes, written) "
            "SELECT i, printf('%064x', i), '.jpg', 9, 1 FROM n;"
            "DROP TRIGGER field_joins_an_open_run;"
            "INSERT INTO field SELECT image.id, run, image.id, origin, number, width, height, "
            "taken_at, taken_monotonic_s, um_per_pixel, settings, sharpness, relative_sharpness, "
            "dark_share, bright_share, colour_distance, faults, cut_by_border, field.written "
            "FROM field, image WHERE image.id > 1;"
        )
    at(NOW)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as opened:
        begun = time.monotonic()
        assert len(removable_images(opened, 30)) == 10_000
        assert time.monotonic() - begun < 5, "it grows with the fields, not with their square"
