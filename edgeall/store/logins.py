"""Logging in: one password checked at a time, each wrong one slower than the last.

A wrong name and a wrong password are refused with one sentence after one work, so that
a stranger learns no names. What was tried is kept in memory, by the clock that nobody
sets: a restart forgets it, which costs a guesser more than it gains.

Whoever can reach the device can keep others from logging in while guessing at their
name, for at most `LONGEST_S` after each try, or at any name, while the tries in all are
used up. Sessions that are open go on.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edgeall.errors import UsageError
from edgeall.store import passwords
from edgeall.store.accounts import Account, account_of, state_by_name, write_state
from edgeall.store.audit import append, audited
from edgeall.store.passwords import COST, folded_name

if TYPE_CHECKING:
    from edgeall.store.passwords import Cost
    from edgeall.store.store import Store

FREE_TRIES: Final = 3
"""Wrong passwords for one name before the next must wait."""

LONGEST_S: Final = 300.0
"""The longest wait for one name, in seconds; it doubles from one second up to this."""

AT_ONCE: Final = 20
"""Tries in all that may come at once."""

ONE_EACH_S: Final = 3.0
"""Seconds after which another try in all is free: a third of one core at most."""

WAITING: Final = 4
"""Log-ins that may wait for one that is being checked."""

_NAMES = 1000

_WRONG = "The name or the password is wrong; try again, or ask an administrator for a new password."


class LoginRefusedError(UsageError):
    """The name or the password is wrong; which, is not said."""


class LoginDelayedError(UsageError):
    """There were too many tries; ``wait_s`` is how many seconds to wait."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(
            f"There were too many log-ins that failed; try again in {max(1, round(wait_s))} s."
        )


class LoginLimit:
    """How many log-ins are let through; any thread may ask.

    ``clock`` returns seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._checking = threading.Lock()
        self._inside = 0
        self._left, self._left_at = float(AT_ONCE), clock()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Let one log-in through, alone; it counts as failed until `forgive`.

        Raises
        ------
        LoginDelayedError
            This name, or all, must wait; nothing was counted.
        """
        self._enter(name)
        try:
            with self._checking:
                yield
        finally:
            with self._lock:
                self._inside -= 1

    def forgive(self, name: str) -> None:
        """Forget what failed for a name: its password was right."""
        with self._lock:
            self._failed.pop(name, None)
            self._left = min(AT_ONCE, self._left + 1)

    def _enter(self, name: str) -> None:
        with self._lock:
            at = self._clock()
            self._left = min(AT_ONCE, self._left + (at - self._left_at) / ONE_EACH_S)
            self._left_at = at
            failures, free_at = self._failed.get(name, (0, at))
            wait = max(free_at - at, (1 - self._left) * ONE_EACH_S)
            if self._inside > WAITING:
                wait = max(wait, ONE_EACH_S)
            if wait > 0:
                raise LoginDelayedError(wait)
            self._left -= 1
            self._inside += 1
            # Beyond FREE_TRIES: 1, 2, 4 … seconds, and no overflow after many.
            over = min(failures + 1 - FREE_TRIES, 30)
            delay = min(LONGEST_S, 2.0**over) if over >= 0 else 0.0
            self._failed[name] = (failures + 1, at + delay)
            self._failed.move_to_end(name)
            if len(self._failed) > _NAMES:
                self._failed.popitem(last=False)


class Logins:
    """The door of one store."""

    def __init__(
        self, store: Store, *, cost: Cost = COST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._cost, self._clock = store, cost, clock
        self._limit = LoginLimit(clock)
        # Compared where no account has the name, so that it takes as long.
        self._nobody = passwords.keep(passwords.label_password(), cost)

    def check(self, name: str, password: str) -> Account:
        """Return the account of a name and its password.

        Raises
        ------
        LoginRefusedError
            The name or the password is wrong, or the account is disabled.
        LoginDelayedError
            There were too many tries.
        StoreError
            The database cannot be read or written.
        """
        return self._checked(name, password, None)

    def change_password(self, name: str, password: str, new: str) -> Account:
        """Change one's own password; the former one is checked as in `check`.

        Raises
        ------
        UsageError
            The new one is too weak, or the former one.
        LoginRefusedError, LoginDelayedError
            As in `check`.
        """
        passwords.refuse_weak(new, name)
        if passwords.normal(new) == passwords.normal(password):
            raise UsageError("The new password is the former one; take another.")
        return self._checked(name, password, new)

    def _checked(self, name: str, password: str, new: str | None) -> Account:
        # Names are short: what is longer is nobody's, and must not fill the memory.
        key = folded_name(name[:256])
        with self._limit.one(key):
            with self._store.rows() as rows:
                found = state_by_name(rows, name[:256])
            stored = found["password"] if found else self._nobody
            right = passwords.fits(password, stored)
            if not (found and right and found["enabled"]):
                self._note_refusal(found["name"] if found else None)
                raise LoginRefusedError(_WRONG)
            account = self._let_in(
                found["name"], found["state"], self._renewed(stored, password, new), new
            )
        self._limit.forgive(key)
        return account

    def _renewed(self, stored: str, password: str, new: str | None) -> str | None:
        """Return what is to be stored instead of a password, or None."""
        if new is not None:
            return passwords.keep(new, self._cost)
        dated = passwords.is_dated(stored, self._cost)
        return passwords.keep(password, self._cost) if dated else None

    def _let_in(self, name: str, state: int, renewed: str | None, new: str | None) -> Account:
        with audited(self._store) as rows:
            found = state_by_name(rows, name)
            # Changed, reset or disabled while the password was being checked.
            if found is None or found["state"] != state:
                raise LoginRefusedError(_WRONG)
            if renewed is not None:
                must_change = bool(found["must_change"]) and new is None
                write_state(rows, found, name, password=renewed, must_change=must_change)
            done = "logged in" if new is None else "password changed"
            append(rows, name, done, f"account {name}")
            again = state_by_name(rows, name)
            assert again is not None
            return account_of(again, self._clock())

    def _note_refusal(self, name: str | None) -> None:
        """Write down a refusal; not the name where it is nobody's: it may be a password."""
        with audited(self._store) as rows:
            append(rows, name or "", "log-in refused", f"account {name}" if name else "no account")
