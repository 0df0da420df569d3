from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edgeall.errors import NewerDatabaseError, StoreError
from edgeall.store import migrations
from edgeall.store.connection import connect
from edgeall.store.schema import MIGRATIONS
from edgeall.store.store import DATABASE, Store

NEXT = ("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT", "INSERT INTO later VALUES (7)")


@pytest.fixture
def folder(tmp_path, bundle, make_field, make_reading) -> Path:
    """Return the folder of a closed store with one reading."""
    with Store.open(tmp_path / "store") as store:
        run = store.begin_run("S-1", "", "samples", bundle)
        store.add_reading(run, make_reading(), store.add_fields(run, [make_field()]))
    return tmp_path / "store"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def set_pragma(path: Path, pragma: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA {pragma}")
        database.commit()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_database_is_refused_untouched(folder, read_only):
    set_pragma(folder / DATABASE, f"user_version = {len(MIGRATIONS) + 1}")
    before = contents(folder)
    with pytest.raises(NewerDatabaseError, match="update edgeall"):
        Store.open(folder, read_only=read_only)
    assert contents(folder) == before


def test_a_newer_version_that_lies_in_the_log_only_is_refused(folder):
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as open_elsewhere:
        open_elsewhere.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
        with pytest.raises(NewerDatabaseError):
            Store.open(folder)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"slide,blasts\n" * 50, "not an edgeall database or it is damaged"),
        (b"x", "not an edgeall database or it is damaged"),
        (b"SQLite format 3\0", "not an edgeall database or it is damaged"),
    ],
)
def test_a_file_that_is_no_database_is_left_alone(tmp_path, data, sentence, read_only):
    (tmp_path / DATABASE).write_bytes(data)
    with pytest.raises(StoreError, match=sentence) as raised:
        Store.open(tmp_path, read_only=read_only)
    assert str(tmp_path / DATABASE) in str(raised.value)
    assert contents(tmp_path) == {DATABASE: data}


def test_another_programs_database_is_left_alone(tmp_path):
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    before = contents(tmp_path)
    with pytest.raises(StoreError, match="another program"):
        Store.open(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_truncated_database_is_named_as_damaged(folder, read_only):
    path = folder / DATABASE
    path.write_bytes(path.read_bytes()[: 4096 * 5])
    with pytest.raises(StoreError, match="damaged"):
        Store.open(folder, read_only=read_only)


def test_a_page_of_rubbish_is_named_as_damage(folder):
    path = folder / DATABASE
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xa5" * 4096
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        Store.open(folder)


def test_an_empty_file_becomes_a_store(tmp_path, bundle):
    (tmp_path / DATABASE).touch()
    with Store.open(tmp_path) as store:
        assert store.begin_run("S-1", "", "samples", bundle) == 1


def test_a_power_cut_before_the_first_migration_is_no_obstacle(tmp_path, bundle):
    connect(tmp_path / DATABASE).close()
    assert (tmp_path / DATABASE).stat().st_size > 0
    with Store.open(tmp_path) as store:
        assert store.begin_run("S-1", "", "samples", bundle) == 1


def test_a_migration_copies_the_database_first(folder):
    path = folder / DATABASE
    with closing(connect(path)) as database:
        migrations.migrate(database, path, (*MIGRATIONS, NEXT))
        assert migrations.version_of(database) == len(MIGRATIONS) + 1
        assert database.execute("SELECT id FROM later").fetchone() == (7,)
    copy = folder / f"{DATABASE}.before-migration-{len(MIGRATIONS)}"
    with closing(sqlite3.connect(copy)) as former:
        assert migrations.version_of(former) == len(MIGRATIONS)
        assert former.execute("SELECT count(*) FROM reading").fetchone() == (1,)
        assert former.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_migration_that_fails_leaves_the_former_version(folder):
    path = folder / DATABASE
    broken = (*NEXT, "INSERT INTO nowhere VALUES (1)")
    with closing(connect(path)) as database:
        with pytest.raises(sqlite3.OperationalError):
            migrations.migrate(database, path, (*MIGRATIONS, broken))
        assert migrations.version_of(database) == len(MIGRATIONS)
        assert not database.in_transaction
    with Store.open(folder) as store:
        assert len(store.readings("S-1")) == 1


def test_a_new_store_needs_no_copy(folder):
    assert sorted(path.name for path in folder.iterdir()) == [DATABASE, "images"]


def test_an_older_database_cannot_be_looked_at_before_it_is_brought_up_to_date(folder, monkeypatch):
    set_pragma(folder / DATABASE, "user_version = 0")
    with pytest.raises(StoreError, match="brings it up to date"):
        Store.open(folder, read_only=True)


def test_two_processes_may_make_the_same_store_at_once(tmp_path):
    script = (
        "import sys\nfrom pathlib import Path\nfrom edgeall.store.store import Store\n"
        "sys.stdin.readline()\n"
        "for _ in range(20):\n    Store.open(Path(sys.argv[1])).close()\n"
    )
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "store")],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for maker in makers:
        assert maker.stdin
        maker.stdin.write("go\n")
        maker.stdin.flush()
    failures = [maker.communicate()[1] for maker in makers]
    assert failures == ["", "", ""]
    with Store.open(tmp_path / "store") as store:
        assert store.slides() == []


def test_the_tables_are_strict_and_the_pragmas_set(folder):
    with closing(connect(folder / DATABASE)) as database:
        rows = database.execute("PRAGMA table_list").fetchall()
        ours = [row for row in rows if not row[1].startswith("sqlite_")]
        assert len(ours) == 22
        assert all(row[5] for row in ours), "every table is STRICT"
        pragmas = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "recursive_triggers": 1,
        }
        for pragma, wanted in pragmas.items():
            assert database.execute(f"PRAGMA {pragma}").fetchone() == (wanted,)
