from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import StoreError, UsageError
from edgeall.store import audit
from edgeall.store.accounts import (
    OWNER,
    ForbiddenError,
    account,
    accounts,
    add_account,
    begin_accounts,
    change_role,
    reset_password,
    set_enabled,
)
from edgeall.store.logins import Logins
from edgeall.store.passwords import Cost
from edgeall.store.store import Store

QUICK = Cost(memory=64, passes=1, lanes=1)
GOOD = "blue mitten harbour"
OTHER = "green lantern meadow"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def ada(store):
    """Return the first administrator."""
    return begin_accounts(store, "Ada", GOOD, cost=QUICK)


def log(store):
    assert audit.verify(store).fault is None
    return [(entry.actor, entry.action, entry.subject) for entry in audit.entries(store)]


def add(store, name, role, by, password=None):
    """Make an account and, where a password is given, change the first one to it."""
    made, first = add_account(store, name, role, by, cost=QUICK)
    if password:
        made = Logins(store, cost=QUICK).change_password(name, first, password)
    return made


def test_a_new_store_has_no_account_and_lets_nobody_in(store):
    assert accounts(store) == []
    for name in ("", "admin", "administrator", OWNER.name):
        with pytest.raises(UsageError, match="name or the password is wrong"):
            Logins(store, cost=QUICK).check(name, "")


def test_the_first_account_is_an_administrators_and_there_is_one_first(store, ada):
    assert (ada.role, ada.must_change, ada.enabled) == ("administrator", False, True)
    with pytest.raises(UsageError, match="accounts already"):
        begin_accounts(store, "Eve", GOOD, cost=QUICK)
    assert log(store) == [("Ada", "account made", "account Ada")]


def test_two_first_starts_at_once_make_one_account(tmp_path):
    refused = []

    def begin(name):
        with Store.open(tmp_path) as opened:
            try:
                begin_accounts(opened, name, GOOD, cost=QUICK)
            except UsageError as error:
                refused.append(error)

    with Store.open(tmp_path) as opened:
        threads = [threading.Thread(target=begin, args=(name,)) for name in ("Ada", "Eve")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(accounts(opened)) == len(refused) == 1


def test_a_new_account_must_change_its_first_password(store, ada):
    made, first = add_account(store, "Grace", "technician", ada, cost=QUICK)
    assert made.must_change
    logins = Logins(store, cost=QUICK)
    assert logins.check("grace", first).must_change
    changed = logins.change_password("Grace", first, OTHER)
    assert not changed.must_change
    assert account(store, made.number).state == changed.state
    with pytest.raises(UsageError, match="is wrong"):
        logins.check("Grace", first)
    assert logins.check("Grace", OTHER).number == made.number


@pytest.mark.parametrize("written", ["ADA", "  ada ", "\uff21da", "A\u200bda"])
def test_a_name_is_taken_however_it_is_written(store, ada, written):
    with pytest.raises(UsageError, match=r"is taken|cannot be shown"):
        add_account(store, written, "technician", ada, cost=QUICK)
    assert Logins(store, cost=QUICK).check(written, GOOD).name == "Ada"


@pytest.mark.parametrize("name", ["", "  ", "\u200d", "x" * 65, "a\x00b", "a\x1b[2Jb", OWNER.name])
def test_a_name_that_will_not_do_is_refused(store, ada, name):
    with pytest.raises(UsageError):
        add_account(store, name, "technician", ada, cost=QUICK)
    assert len(accounts(store)) == 1


def test_an_unknown_role_is_refused(store, ada):
    with pytest.raises(UsageError, match="no such role"):
        add_account(store, "Grace", "king", ada, cost=QUICK)
    with pytest.raises(UsageError, match="no such role"):
        change_role(store, ada.number, "king", ada)


def test_only_administrators_change_accounts(store, ada):
    grace = add(store, "Grace", "reviewer", ada, OTHER)
    before = log(store)
    attempts = [
        lambda: add_account(store, "Eve", "administrator", grace, cost=QUICK),
        lambda: change_role(store, grace.number, "administrator", grace),
        lambda: set_enabled(store, ada.number, False, grace),
        lambda: reset_password(store, ada.number, grace, cost=QUICK),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError, match="reviewer may not do this"):
            attempt()
    assert log(store) == before


def test_what_counts_is_what_an_account_may_now(store, ada):
    """An object kept from before a change, in a session, gives nothing."""
    grace = add(store, "Grace", "administrator", ada, OTHER)
    change_role(store, grace.number, "technician", ada)
    with pytest.raises(ForbiddenError, match="technician"):
        set_enabled(store, ada.number, False, grace)
    set_enabled(store, grace.number, False, ada)
    with pytest.raises(ForbiddenError, match="disabled"):
        reset_password(store, ada.number, grace, cost=QUICK)


def test_nothing_may_be_done_before_the_first_password_is_changed(store, ada):
    grace = add(store, "Grace", "administrator", ada)
    with pytest.raises(ForbiddenError, match="change the first password"):
        reset_password(store, ada.number, grace, cost=QUICK)


def test_a_disabled_account_cannot_log_in_until_it_is_enabled_again(store, ada):
    grace = add(store, "Grace", "reviewer", ada, OTHER)
    logins = Logins(store, cost=QUICK)
    assert not set_enabled(store, grace.number, False, ada).enabled
    with pytest.raises(UsageError, match="name or the password is wrong"):
        logins.check("Grace", OTHER)
    set_enabled(store, grace.number, True, ada)
    assert logins.check("Grace", OTHER).enabled


def test_the_last_administrator_stays(store, ada):
    with pytest.raises(UsageError, match="last administrator"):
        set_enabled(store, ada.number, False, ada)
    with pytest.raises(UsageError, match="last administrator"):
        change_role(store, ada.number, "reviewer", OWNER)
    grace = add(store, "Grace", "administrator", ada, OTHER)
    change_role(store, ada.number, "reviewer", grace)
    with pytest.raises(UsageError, match="last administrator"):
        set_enabled(store, grace.number, False, grace)


def test_a_disabled_administrator_does_not_count_as_one(store, ada):
    grace = add(store, "Grace", "administrator", ada, OTHER)
    set_enabled(store, grace.number, False, ada)
    with pytest.raises(UsageError, match="last administrator"):
        set_enabled(store, ada.number, False, ada)


def test_the_owner_at_the_prompt_helps_an_administrator_who_forgot(store, ada):
    first = reset_password(store, ada.number, OWNER, cost=QUICK)
    logins = Logins(store, cost=QUICK)
    with pytest.raises(UsageError, match="is wrong"):
        logins.check("Ada", GOOD)
    assert logins.check("Ada", first).must_change
    assert (OWNER.name, "password reset", "account Ada") in log(store)


def test_every_change_is_logged_by_who_did_it(store, ada):
    grace = add(store, "Grace", "technician", ada, OTHER)
    change_role(store, grace.number, "reviewer", ada)
    set_enabled(store, grace.number, False, ada)
    set_enabled(store, grace.number, True, ada)
    reset_password(store, grace.number, ada, cost=QUICK)
    assert log(store)[1:] == [
        ("Ada", "account made", "account Grace"),
        ("Grace", "password changed", "account Grace"),
        ("Ada", "role changed", "account Grace"),
        ("Ada", "account disabled", "account Grace"),
        ("Ada", "account enabled", "account Grace"),
        ("Ada", "password reset", "account Grace"),
    ]


def test_a_change_that_cannot_be_logged_is_not_made(store, ada, monkeypatch):
    def fail(*_):
        raise StoreError("no")

    monkeypatch.setattr("edgeall.store.accounts.append", fail)
    with pytest.raises(StoreError):
        add_account(store, "Grace", "technician", ada, cost=QUICK)
    assert len(accounts(store)) == 1


def test_no_password_is_stored_or_logged_as_it_is(store, ada, tmp_path):
    _, first = add_account(store, "Grace", "technician", ada, cost=QUICK)
    store.close()
    for path in tmp_path.iterdir():
        if path.is_file():
            assert GOOD.encode() not in path.read_bytes()
            assert first.encode() not in path.read_bytes()


def test_an_account_that_is_not_there_is_told(store, ada):
    assert account(store, 99) is None
    with pytest.raises(UsageError, match="no such account"):
        set_enabled(store, 99, True, ada)


@given(st.text(max_size=80))
def test_any_name_is_taken_or_refused_and_then_logs_in(tmp_path_factory, name):
    with Store.open(tmp_path_factory.mktemp("names")) as opened:
        try:
            made, first = add_account(opened, name, "technician", OWNER, cost=QUICK)
        except UsageError:
            return
        assert Logins(opened, cost=QUICK).check(name, first).number == made.number
