"""A backup is whole and restorable, or it does not count; a stranger learns nothing from it."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from edgeall.errors import DiskFullError, InputError, StoreError, UsageError
from edgeall.store import backup, stick
from edgeall.store.backup import SNAPSHOT, back_up
from edgeall.store.repository import FOLDER, Repository
from edgeall.store.restore import restore, verify
from edgeall.store.sealing import NotWholeError
from edgeall.store.store import DATABASE, Store

HERE = Path(__file__).parent
SECRET = b"secret"
KILLS = 8


@pytest.fixture
def folder(tmp_path, bundle, make_field, make_reading) -> Path:
    """Return a store with one slide of three fields."""
    folder = tmp_path / "store"
    add_slide(folder, bundle, make_reading(), [make_field(number) for number in range(3)])
    return folder


@pytest.fixture
def usb(tmp_path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def add_slide(folder, bundle, reading, fields) -> None:
    with Store.open(folder) as store:
        run = store.begin_run(reading.slide_id, "ada", "samples", bundle)
        store.add_reading(run, reading, store.add_fields(run, fields))


def pictures(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "images").glob("??/*")}


def objects(usb: Path) -> list[Path]:
    return sorted((usb / FOLDER / "objects").glob("??/*"))


def rows(folder: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / DATABASE)) as opened:
        return opened.execute(question).fetchall()


def test_a_backup_comes_back_as_it_was(folder, usb, tmp_path):
    done = back_up(folder, usb, SECRET, 7)
    assert (done.number, done.pictures, done.written, done.lost) == (1, 3, 4, ())
    restored = restore(usb, tmp_path / "back", SECRET)
    assert (restored.number, restored.pictures) == (1, 3)
    assert pictures(tmp_path / "back") == pictures(folder)
    with Store.open(tmp_path / "back") as back, Store.open(folder) as store:
        assert back.readings("S-1") == store.readings("S-1")
        assert [cell.call for cell in back.cells("S-1")] == [c.call for c in store.cells("S-1")]
    assert not (folder / SNAPSHOT).exists()


def test_a_backup_leaves_its_row(folder, usb):
    done = back_up(folder, usb, SECRET, 7)
    assert rows(folder, "SELECT target, files, bytes, verified FROM backup") == [
        (f"{usb / FOLDER} number 1", 4, done.bytes, 1)
    ]


def test_what_lies_on_the_stick_is_not_copied_again(folder, usb, bundle, make_field, make_reading):
    back_up(folder, usb, SECRET, 7)
    before = {path: path.stat().st_mtime_ns for path in objects(usb)}
    add_slide(folder, bundle, make_reading("S-2"), [make_field(2), make_field(3)])
    done = back_up(folder, usb, SECRET, 7)
    assert (done.number, done.pictures, done.written) == (2, 4, 2)
    assert all(path.stat().st_mtime_ns == written for path, written in before.items())


def test_a_stranger_sees_neither_findings_nor_names(folder, usb):
    back_up(folder, usb, SECRET, 7)
    names = {path.name for path in usb.rglob("*")}
    contents = b"".join(path.read_bytes() for path in usb.rglob("*") if path.is_file())
    for name, picture in pictures(folder).items():
        assert not any(Path(name).stem[:12] in seen for seen in names)
        assert picture[:64] not in contents
    for known in (b"S-1", b"ada", b"SQLite format 3", b"blast", b"secret"):
        assert known not in contents


def test_old_backups_go_with_what_only_they_needed(folder, usb, bundle, make_field, make_reading):
    for number in range(4):
        add_slide(folder, bundle, make_reading(f"T-{number}"), [make_field(10 + number)])
        back_up(folder, usb, SECRET, 2)
    found = verify(usb, SECRET)
    assert found.backups == (3, 4)
    # Two databases, and seven pictures.
    assert found.objects == len(objects(usb)) == 9


def test_two_devices_may_share_a_stick(folder, usb, tmp_path, bundle, make_field, make_reading):
    other = tmp_path / "other"
    add_slide(other, bundle, make_reading("O-1"), [make_field(9)])
    for store in (folder, other, folder, folder):
        back_up(store, usb, SECRET, 1)
    assert verify(usb, SECRET).backups == (2, 4), "each keeps its own"
    with pytest.raises(UsageError, match=r"2, 4.*--number"):
        restore(usb, tmp_path / "back", SECRET)
    assert restore(usb, tmp_path / "back", SECRET, 2).pictures == 1


def test_reading_goes_on_meanwhile(folder, usb, tmp_path, bundle, make_field):
    stop = threading.Event()

    def read() -> None:
        with Store.open(folder) as store:
            run = store.begin_run("S-9", "", "samples", bundle)
            for number in range(100, 400):
                store.add_fields(run, [make_field(number)])
                if stop.is_set():
                    return

    reading = threading.Thread(target=read)
    reading.start()
    try:
        for _ in range(5):
            assert back_up(folder, usb, SECRET, 7).lost == ()
    finally:
        stop.set()
        reading.join()
    restore(usb, tmp_path / "back", SECRET)
    named = {name for (name,) in rows(tmp_path / "back", "SELECT sha256 || suffix FROM image")}
    assert set(pictures(tmp_path / "back")) == named


def test_a_killed_backup_leaves_the_former_one(tmp_path):
    store, usb = tmp_path / "store", tmp_path / "usb"
    usb.mkdir()
    delays = random.Random(1)
    last = 0
    for seed in range(KILLS):
        command = [sys.executable, HERE / "write_backups.py", store, usb, str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            first = writer.stdout.readline()
            time.sleep(delays.uniform(0, 0.4))
            writer.kill()
            said = (first + writer.stdout.read()).rpartition("\n")[0]
        last = int(said.splitlines()[-1])
        found = verify(usb, SECRET)
        assert found.damaged == ()
        assert max(found.backups) in (last, last + 1), "the one that was cut off may be complete"
        done = restore(usb, tmp_path / f"back-{seed}", SECRET)
        with Store.open(tmp_path / f"back-{seed}") as back:
            assert len(list(back.fields(f"S-{seed}"))) % 5 == 0
        assert len(pictures(tmp_path / f"back-{seed}")) == done.pictures
        shutil.rmtree(tmp_path / f"back-{seed}")
    back_up(store, usb, SECRET, 3)
    assert not list(usb.rglob(".*")), "the next one clears the halves away"
    assert not list(store.glob(f"{SNAPSHOT}*"))
    assert last >= KILLS


def test_every_damaged_byte_is_found_and_named(folder, usb, tmp_path):
    back_up(folder, usb, SECRET, 7)
    for place in objects(usb):
        whole = place.read_bytes()
        for damaged in (flipped(whole), whole[:-1], b""):
            place.write_bytes(damaged)
            found = verify(usb, SECRET)
            (sentence,) = found.damaged
            assert place.name[:12] in sentence
            with pytest.raises(NotWholeError, match=place.name[:12]):
                restore(usb, tmp_path / "back", SECRET)
            assert not Store.exists(tmp_path / "back"), "half a restoration is no store"
            shutil.rmtree(tmp_path / "back")
        place.write_bytes(whole)
    assert verify(usb, SECRET).damaged == ()


def flipped(whole: bytes) -> bytes:
    at = len(whole) // 2
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


def test_the_next_backup_mends_what_rotted_on_the_stick(folder, usb):
    back_up(folder, usb, SECRET, 7)
    for place in objects(usb)[::2]:
        place.write_bytes(flipped(place.read_bytes()))
    back_up(folder, usb, SECRET, 7)
    # The first one's database has changed since, so nobody can mend it.
    assert len(verify(usb, SECRET).damaged) <= 1


def test_a_damaged_list_hides_its_backup_and_removes_nothing(folder, usb, tmp_path):
    for _ in range(3):
        back_up(folder, usb, SECRET, 7)
    place = usb / FOLDER / "backups" / "00000003"
    place.write_bytes(flipped(place.read_bytes()))
    assert verify(usb, SECRET).backups == (1, 2)
    assert "backup 3 is damaged" in verify(usb, SECRET).damaged[0]
    assert restore(usb, tmp_path / "back", SECRET).number == 2
    before = set(objects(usb))
    assert back_up(folder, usb, SECRET, 1).number == 4
    assert before <= set(objects(usb)), "the damaged list may have named them"


@pytest.mark.parametrize("name", ["repository.json", "repository.json.copy"])
@pytest.mark.parametrize("change", ["gone", "garbage", "another salt"])
def test_either_half_of_the_header_opens_the_stick(folder, usb, name, change):
    back_up(folder, usb, SECRET, 7)
    place = usb / FOLDER / name
    header = json.loads(place.read_bytes())
    if change == "gone":
        place.unlink()
    elif change == "garbage":
        place.write_bytes(b"\xff{")
    else:
        place.write_text(json.dumps({**header, "salt": "00" * 16}))
    assert verify(usb, SECRET).damaged == ()
    assert back_up(folder, usb, SECRET, 7).number == 2
    assert len({path.read_bytes() for path in (usb / FOLDER).glob("repository.json*")}) == 1


def test_without_any_header_it_says_so(folder, usb, tmp_path):
    with pytest.raises(InputError, match="there are no backups here"):
        verify(usb, SECRET)
    back_up(folder, usb, SECRET, 7)
    for place in (usb / FOLDER).glob("repository.json*"):
        place.write_bytes(b"")
    with pytest.raises(InputError, match="this file and its copy are damaged"):
        restore(usb, tmp_path / "back", SECRET)
    for place in (usb / FOLDER).glob("repository.json*"):
        place.unlink()
    with pytest.raises(InputError, match="this file and its copy are damaged"):
        back_up(folder, usb, SECRET, 7)


def test_another_passphrase_is_refused_and_changes_nothing(folder, usb, tmp_path):
    back_up(folder, usb, SECRET, 7)
    before = {path: path.read_bytes() for path in usb.rglob("*") if path.is_file()}
    for act in (
        lambda: back_up(folder, usb, b"other", 7),
        lambda: restore(usb, tmp_path / "back", b"other"),
        lambda: verify(usb, b"other"),
    ):
        with pytest.raises(UsageError, match="another passphrase"):
            act()
    assert before == {path: path.read_bytes() for path in usb.rglob("*") if path.is_file()}


def test_a_picture_that_is_damaged_here_is_told_and_the_rest_backed_up(folder, usb, tmp_path):
    (first, second, _) = sorted((folder / "images").glob("??/*"))
    first.write_bytes(b"damaged")
    second.unlink()
    done = back_up(folder, usb, SECRET, 7)
    assert set(done.lost) == {str(p.relative_to(folder / "images")) for p in (first, second)}
    assert done.pictures == 1
    assert restore(usb, tmp_path / "back", SECRET).pictures == 1


def test_a_picture_that_rotted_here_and_there_is_told(folder, usb):
    back_up(folder, usb, SECRET, 7)
    (picture, *_) = sorted((folder / "images").glob("??/*"))
    with Repository.open(usb, SECRET) as repository:
        image = next(i for i in repository.read_list(1).images if i.sha256 == picture.stem)
        repository.put(image, b"rotten")
    picture.write_bytes(b"rotten")
    done = back_up(folder, usb, SECRET, 7)
    assert done.lost == (str(picture.relative_to(folder / "images")),)


def test_a_damaged_database_pushes_no_good_backup_out(folder, usb):
    back_up(folder, usb, SECRET, 1)
    path = folder / DATABASE
    whole = bytearray(path.read_bytes())
    whole[4096 : 4096 * 8] = bytes(4096 * 7)
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="damaged"):
        back_up(folder, usb, SECRET, 1)
    assert verify(usb, SECRET).backups == (1,)


def test_two_upkeeps_do_not_meet(folder, usb, monkeypatch):
    snapshot = backup._snapshot

    def snapshot_and_more(store: Path):
        with pytest.raises(StoreError, match="another backup or retention is running"):
            back_up(folder, usb, SECRET, 7)
        return snapshot(store)

    monkeypatch.setattr(backup, "_snapshot", snapshot_and_more)
    back_up(folder, usb, SECRET, 7)


def test_what_cannot_be_backed_up_or_restored_is_told(folder, usb, tmp_path):
    with pytest.raises(StoreError, match="nothing is stored there yet"):
        back_up(tmp_path / "absent", usb, SECRET, 7)
    back_up(folder, usb, SECRET, 7)
    with pytest.raises(UsageError, match="an empty folder"):
        restore(usb, folder, SECRET)
    with pytest.raises(NotWholeError, match="there is no backup 9"):
        restore(usb, tmp_path / "back", SECRET, 9)


def test_a_stick_that_breaks_in_any_way_is_told(tmp_path):
    if not may_mount():
        pytest.skip("needs the right to mount a small file system")
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, HERE / "break_stick.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *full, pulled, protected = done.stdout.splitlines()
    assert len(full) > 3
    assert all(line.startswith("DiskFullError") and "stick is full" in line for line in full)
    for sentence in (pulled, protected):
        assert sentence.startswith("StoreError")
        assert "the stick cannot be used" in sentence
        assert "complete are intact" in sentence
    assert "Read-only file system" in protected


def may_mount() -> bool:
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


def test_a_device_without_room_for_the_snapshot_is_told(folder, usb, monkeypatch):
    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(backup.database, "check_whole", full)
    with pytest.raises(DiskFullError, match="the disk is full"):
        back_up(folder, usb, SECRET, 7)


LINE = "{} 1 8:17 / {} rw,nosuid shared:9 - {} {} rw\n"


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    """Let sticks be looked for in a folder, with a made list of what is mounted."""
    (tmp_path / "media").mkdir()
    monkeypatch.setattr(stick, "_MOUNTS", tmp_path / "mountinfo")
    monkeypatch.setattr(stick, "_PLACES", (tmp_path / "media",))

    def mount(*names: str, source: str = "/dev/sda1") -> list[Path]:
        places = [tmp_path / "media" / name for name in names]
        for place in places:
            place.mkdir(exist_ok=True)
        lines = [
            LINE.format(n, str(place).replace(" ", "\\040"), "vfat", source)
            for n, place in enumerate(places)
        ]
        (tmp_path / "mountinfo").write_text(
            LINE.format(99, "/", "ext4", "/dev/sdb") + "".join(lines)
        )
        return places

    return mount


def test_the_marked_stick_is_found(mounts):
    plain, marked = mounts("PLAIN", "BACK UP")
    (marked / "mark").touch()
    assert stick.find_stick("mark") == marked
    assert plain.exists()


def test_why_no_stick_is_used_is_told(mounts):
    mounts()
    with pytest.raises(StoreError, match="no USB stick is in"):
        stick.find_stick("mark")
    mounts("tmp", source="tmpfs")
    with pytest.raises(StoreError, match="no USB stick is in"):
        stick.find_stick("mark")
    places = mounts("A", "B")
    with pytest.raises(StoreError, match=r"not marked.*touch .*/A/mark"):
        stick.find_stick("mark")
    for place in places:
        (place / "mark").touch()
    with pytest.raises(UsageError, match="more than one"):
        stick.find_stick("mark")
