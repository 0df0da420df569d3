from __future__ import annotations

import statistics
import threading
import time

import pytest

from edgeall.errors import UsageError
from edgeall.store import audit, logins, passwords
from edgeall.store.accounts import (
    OWNER,
    add_account,
    begin_accounts,
    reset_password,
    set_enabled,
)
from edgeall.store.logins import (
    AT_ONCE,
    FREE_TRIES,
    LONGEST_S,
    ONE_EACH_S,
    LoginDelayedError,
    LoginLimit,
    LoginRefusedError,
    Logins,
)
from edgeall.store.passwords import Cost
from edgeall.store.store import Store

QUICK = Cost(memory=64, passes=1, lanes=1)
GOOD = "blue mitten harbour"
WRONG = "not the password"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        begin_accounts(opened, "Ada", GOOD, cost=QUICK)
        yield opened


@pytest.fixture
def door(store, clock):
    return Logins(store, cost=QUICK, clock=clock)


def refused(door, name="Ada", password=WRONG):
    with pytest.raises(LoginRefusedError) as caught:
        door.check(name, password)
    return str(caught.value)


def delayed(door, name="Ada", password=WRONG):
    with pytest.raises(LoginDelayedError) as caught:
        door.check(name, password)
    return caught.value.wait_s


def test_the_right_password_gives_the_account_and_when_it_was_checked(door, clock):
    found = door.check("ada", GOOD)
    assert (found.name, found.role, found.checked_s) == ("Ada", "administrator", clock.at)


def test_a_wrong_name_and_a_wrong_password_are_one_sentence(door):
    assert refused(door, "Ada") == refused(door, "Eve")


def test_a_wrong_name_takes_as_long_as_a_wrong_password(store, clock, monkeypatch):
    monkeypatch.setattr(logins, "FREE_TRIES", 1000)
    monkeypatch.setattr(logins, "AT_ONCE", 1000)
    cost = Cost(memory=8192, passes=2, lanes=1)
    reset_password(store, 1, OWNER, cost=cost)
    door = Logins(store, cost=cost, clock=clock)
    times: dict[str, list[float]] = {"Ada": [], "Eve": []}
    for _ in range(15):
        for name, taken in times.items():
            begun = time.thread_time()
            refused(door, name)
            taken.append(time.thread_time() - begun)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert 0.5 < known / unknown < 2


def test_each_wrong_password_makes_the_next_wait_longer_up_to_a_limit(door, clock):
    waits = []
    for tried in range(15):
        refused(door)
        if tried + 1 >= FREE_TRIES:
            waits.append(delayed(door))
            clock.at += waits[-1]
        clock.at += ONE_EACH_S
    assert waits[:4] == [1, 2, 4, 8]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_S


def test_while_a_name_waits_even_the_right_password_is_not_looked_at(door, clock, monkeypatch):
    for _ in range(FREE_TRIES):
        refused(door)
    with monkeypatch.context() as patched:
        patched.setattr(passwords, "fits", None)
        assert delayed(door, password=GOOD) == 1
    clock.at += 1
    assert door.check("Ada", GOOD).name == "Ada"


def test_another_writing_of_the_name_waits_as_well(door):
    for name in ("Ada", "ADA", " ada"):
        refused(door, name)
    assert delayed(door, "aDa")


def test_a_name_that_waits_keeps_no_other_from_logging_in(door):
    for _ in range(FREE_TRIES):
        refused(door, "Eve")
    delayed(door, "Eve")
    assert door.check("Ada", GOOD)


def test_a_right_password_forgets_the_wrong_ones(door, clock):
    for _ in range(20):
        for _ in range(FREE_TRIES - 1):
            refused(door)
        assert door.check("Ada", GOOD)
        clock.at += FREE_TRIES * ONE_EACH_S


def test_tries_for_ever_new_names_are_limited_in_all(door, clock):
    for number in range(AT_ONCE):
        refused(door, f"guess {number}")
    wait = delayed(door, "one more")
    assert 0 < wait <= ONE_EACH_S
    clock.at += ONE_EACH_S
    refused(door, "one more")
    delayed(door, "and another")


def test_200_log_ins_a_second_cost_a_few_checks(store):
    """What is computed is bounded, and what is refused costs next to nothing."""
    door = Logins(store, cost=QUICK)
    checked, waited = [], []

    def storm(thread):
        for number in range(100):
            try:
                door.check(f"guess {thread} {number}", WRONG)
            except LoginRefusedError:
                checked.append(number)
            except LoginDelayedError:
                waited.append(number)

    begun = time.monotonic()
    threads = [threading.Thread(target=storm, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    allowed = AT_ONCE + 1 + (time.monotonic() - begun) / ONE_EACH_S
    assert len(checked) <= allowed
    assert len(checked) + len(waited) == 1000


def test_one_password_is_checked_at_a_time_and_few_wait(clock):
    limit = LoginLimit(clock)
    inside = threading.Semaphore(0)
    leave = threading.Event()
    most = []

    def log_in(number):
        try:
            with limit.one(f"name {number}"):
                most.append(number)
                inside.release()
                leave.wait(10)
        except LoginDelayedError:
            refusals.append(number)
            inside.release()

    refusals: list[int] = []
    threads = [threading.Thread(target=log_in, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    # One is inside, WAITING wait for it, the rest were sent away.
    for _ in range(10 - logins.WAITING):
        assert inside.acquire(timeout=10)
    assert len(most) == 1
    assert len(refusals) == 9 - logins.WAITING
    leave.set()
    for thread in threads:
        thread.join()
    assert len(most) == 1 + logins.WAITING


def test_the_names_that_are_remembered_are_bounded(clock):
    limit = LoginLimit(clock)
    for number in range(3000):
        clock.at += ONE_EACH_S
        with limit.one(f"guess {number}"):
            pass
    assert len(limit._failed) <= 1000


def test_a_clock_of_days_does_not_overflow_the_delay(clock):
    limit = LoginLimit(clock)
    for _ in range(3000):
        clock.at += LONGEST_S
        with limit.one("Ada"):
            pass


def test_a_new_cost_is_taken_over_when_its_owner_logs_in(store):
    dearer = Cost(memory=128, passes=1, lanes=1)
    with store.rows() as rows:
        (before,) = rows.execute("SELECT password FROM account_state").fetchone()
    found = Logins(store, cost=dearer).check("Ada", GOOD)
    with store.rows() as rows:
        (after,) = rows.execute(
            "SELECT password FROM account_state WHERE id = ?", (found.state,)
        ).fetchone()
    assert (passwords.is_dated(before, dearer), passwords.is_dated(after, dearer)) == (True, False)
    again = Logins(store, cost=dearer).check("Ada", GOOD)
    assert again.state == found.state, "it is written once"


def test_a_first_password_of_another_cost_must_still_be_changed(store):
    _, first = add_account(store, "Grace", "technician", OWNER, cost=QUICK)
    assert Logins(store, cost=Cost(128, 1, 1)).check("Grace", first).must_change


def test_an_account_disabled_while_its_password_is_checked_does_not_get_in(
    store, door, monkeypatch
):
    add_account(store, "Grace", "administrator", OWNER, cost=QUICK)
    fits = passwords.fits

    def slow(password, stored):
        set_enabled(store, 1, False, OWNER)
        return fits(password, stored)

    monkeypatch.setattr(passwords, "fits", slow)
    refused(door, "Ada", GOOD)


def test_a_new_password_may_be_neither_weak_nor_the_former(door):
    with pytest.raises(UsageError, match="is the former one"):
        door.change_password("Ada", GOOD, GOOD)
    with pytest.raises(UsageError, match="are the least"):
        door.change_password("Ada", GOOD, "short")
    with pytest.raises(LoginRefusedError):
        door.change_password("Ada", WRONG, "another good one")
    assert door.check("Ada", GOOD)


def test_log_ins_are_logged_and_a_name_that_is_nobodys_is_not(store, door):
    door.check("ada", GOOD)
    refused(door)
    refused(door, "my password in the wrong field")
    found = [(entry.actor, entry.action, entry.subject) for entry in audit.entries(store)][1:]
    assert found == [
        ("Ada", "logged in", "account Ada"),
        ("Ada", "log-in refused", "account Ada"),
        ("", "log-in refused", "no account"),
    ]


@pytest.mark.parametrize("name", ["", "x" * 100_000, "\udc80", "\x00", "' OR 1=1 --", "Ada\x00"])
def test_any_name_and_password_are_refused_alike(door, name):
    assert refused(door, name) == refused(door, "Ada")
    refused(door, "Eve", name)
