from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner

from edgeall.cli.audit import audit
from edgeall.errors import UsageError
from edgeall.store.audit import SEAL_FILE, append, audited, entries
from edgeall.store.store import DATABASE, Store


@pytest.fixture
def folder(tmp_path):
    with Store.open(tmp_path) as store:
        for actor, subject in (("Ada", "run 1"), ("Grace", "run 2"), ("Ada", "run 2")):
            with audited(store) as rows:
                append(rows, actor, "looked", subject, {"version": 1})
    return tmp_path


def run(folder, *arguments):
    return CliRunner().invoke(audit, [*arguments, "--store", str(folder)])


def seal_of(folder, number):
    with Store.open(folder, read_only=True) as store:
        return next(entry.seal for entry in entries(store) if entry.number == number)


def tamper(folder, statement):
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as rows:
        for guard in ("changed", "removed"):
            rows.execute(f"DROP TRIGGER audit_is_not_{guard}")
        rows.execute(statement)


def test_a_log_that_fits_prints_its_newest_seal(folder):
    ended = run(folder, "verify")
    assert ended.exit_code == 0
    assert ended.stdout == f"3 rows, each as it was written.\nnewest: 3:{seal_of(folder, 3)}\n"
    assert ended.stderr == ""


def test_a_log_that_was_tampered_with_fails_and_names_the_row(folder):
    tamper(folder, "DELETE FROM audit WHERE id = 2")
    ended = run(folder, "verify")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "row 2 is not there" in ended.stderr


def test_the_seal_that_was_printed_can_be_given_back(folder):
    printed = run(folder, "verify").stdout.rpartition("newest: ")[2].strip()
    assert run(folder, "verify", "--seal", printed).exit_code == 0
    tamper(folder, "UPDATE audit SET actor = 'Eve' WHERE id = 3")
    assert run(folder, "verify", "--seal", printed).exit_code == 1
    ended = run(folder, "verify", "--seal", f"2:{'0' * 64}")
    assert "row 2 has another seal" in ended.stderr


def test_without_a_seal_apart_it_is_said_what_would_not_show(folder):
    (folder / SEAL_FILE).unlink()
    ended = run(folder, "verify")
    assert ended.exit_code == 0
    assert "cut off at the end would not show" in ended.stderr


@pytest.mark.parametrize("seal", ["3", "x:" + "0" * 64, "3:abc", "²:" + "0" * 64])
def test_a_seal_that_is_none_is_refused(folder, seal):
    assert isinstance(run(folder, "verify", "--seal", seal).exception, UsageError)


def test_the_log_is_shown_by_actor_subject_and_time(folder):
    lines = run(folder, "show").stdout.splitlines()
    assert len(lines) == 3
    assert "Ada  looked  run 1" in lines[0]
    assert '{"version":1}' in lines[0]
    assert len(run(folder, "show", "--actor", "Ada").stdout.splitlines()) == 2
    assert len(run(folder, "show", "--subject", "run 2").stdout.splitlines()) == 2
    assert run(folder, "show", "--since", "2999-01-01").stdout == ""


def test_what_is_shown_cannot_steer_the_terminal(folder):
    with Store.open(folder) as store, audited(store) as rows:
        append(rows, "\x1b[2JEve", "looked", "run 1\n4  Ada")
    shown = run(folder, "show").stdout
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 4


def test_a_signature_that_was_removed_is_named(folder):
    with Store.open(folder) as store, audited(store) as rows:
        append(rows, "Ada", "signed", "run 1", {"signature": 9, "version": 1, "sha256": "00"})
    ended = run(folder, "verify")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "not as they were signed: 9." in ended.stderr
