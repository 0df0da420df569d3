"""Accounts: who there is, and what each may.

A change is a new row of ``account_state``, and a row of the audit log in the same
transaction. An account is never removed, as findings bear its name; it is disabled.
No account is there before somebody makes it, and no password is known beforehand.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from edgeall.errors import UsageError
from edgeall.store import passwords
from edgeall.store.audit import append, audited
from edgeall.store.passwords import COST, folded_name
from edgeall.store.writing import insert, insert_moment

if TYPE_CHECKING:
    from edgeall.store.passwords import Cost
    from edgeall.store.store import Store

Role: TypeAlias = Literal["technician", "reviewer", "administrator"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)

_MAX_NAME = 64
_JOINERS = "\u200c\u200d"
"""Signs that show nothing by themselves and that names in some scripts need."""

_ACCOUNTS = """
    SELECT account.id, account.name, state.id AS state, state.role, state.password,
        state.must_change, state.enabled
    FROM account
    JOIN account_state AS state ON state.id = (
        SELECT max(id) FROM account_state WHERE account_state.account = account.id
    )
"""


class ForbiddenError(UsageError):
    """The account may not do this; the message says who may."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person, or the device's owner at its prompt.

    Attributes
    ----------
    number
        0 for the owner.
    state
        The number of the row that says the rest; a change makes another.
    must_change
        Its password was given to it: until it is changed, nothing else may be done.
    checked_s
        The monotonic clock, in seconds, when its password was last checked; None where
        it was read from the store alone.
    """

    number: int
    name: str
    role: Role
    state: int
    must_change: bool
    enabled: bool
    checked_s: float | None = None


OWNER: Final = Account(0, "owner at the prompt", "administrator", 0, False, True)
"""Who has a shell on the device and its database: no password stands before that."""


def accounts(store: Store) -> list[Account]:
    """Return all accounts, in the order they were made."""
    with store.rows() as rows:
        return [_account(row) for row in rows.execute(_ACCOUNTS + "ORDER BY account.id")]


def account(store: Store, number: int) -> Account | None:
    """Return an account as it is now, or None; a session asks so whether it may go on."""
    with store.rows() as rows:
        found = _by_number(rows, number)
    return _account(found) if found else None


def begin_accounts(store: Store, name: str, password: str, *, cost: Cost = COST) -> Account:
    """Make the first account, an administrator's, at the first start.

    Raises
    ------
    UsageError
        There is one already; or the name or the password will not do.
    """
    return _make(store, name, "administrator", password, None, must_change=False, cost=cost)


def add_account(
    store: Store, name: str, role: Role, by: Account, *, cost: Cost = COST
) -> tuple[Account, str]:
    """Make an account; return it and its first password, which must be changed at once.

    Raises
    ------
    ForbiddenError
        ``by`` is no administrator.
    UsageError
        The name will not do, or is taken, however it is written.
    """
    first = passwords.label_password()
    return _make(store, name, role, first, by, must_change=True, cost=cost), first


def change_role(store: Store, number: int, role: Role, by: Account) -> Account:
    """Give an account another role; see `set_enabled` for what is raised."""
    _refuse_unknown_role(role)
    with audited(store) as rows:
        refuse_unless(rows, by, "administrator")
        before = _known(rows, number)
        if role != "administrator":
            _refuse_last_administrator(rows, before)
        write_state(rows, before, by.name, role=role)
        detail = {"from": before["role"], "to": role}
        append(rows, by.name, "role changed", f"account {before['name']}", detail)
        return _account(_known(rows, number))


def set_enabled(store: Store, number: int, enabled: bool, by: Account) -> Account:
    """Disable an account, or enable it again.

    Raises
    ------
    ForbiddenError
        ``by`` is no administrator.
    UsageError
        There is no such account, or it is the last administrator that can log in.
    """
    with audited(store) as rows:
        refuse_unless(rows, by, "administrator")
        before = _known(rows, number)
        if not enabled:
            _refuse_last_administrator(rows, before)
        write_state(rows, before, by.name, enabled=enabled)
        done = "account enabled" if enabled else "account disabled"
        append(rows, by.name, done, f"account {before['name']}")
        return _account(_known(rows, number))


def reset_password(store: Store, number: int, by: Account, *, cost: Cost = COST) -> str:
    """Give an account a new first password, and return it; it must be changed at once.

    Raises
    ------
    ForbiddenError
        ``by`` is no administrator.
    UsageError
        There is no such account.
    """
    first = passwords.label_password()
    stored = passwords.keep(first, cost)
    with audited(store) as rows:
        refuse_unless(rows, by, "administrator")
        before = _known(rows, number)
        write_state(rows, before, by.name, password=stored, must_change=True)
        append(rows, by.name, "password reset", f"account {before['name']}")
    return first


def refuse_unless(rows: sqlite3.Connection, by: Account, *roles: Role) -> None:
    """Refuse what an account may not do, by what the store says of it now.

    Raises
    ------
    ForbiddenError
        It is disabled, has none of these roles, or its first password is not changed.
    """
    if by == OWNER:
        return
    found = _by_number(rows, by.number)
    if found is None or not found["enabled"]:
        raise ForbiddenError(f"{by.name}: this account is disabled; ask an administrator.")
    if found["must_change"]:
        raise ForbiddenError(f"{by.name}: change the first password before anything else.")
    if found["role"] not in roles:
        raise ForbiddenError(
            f"{by.name}: a {found['role']} may not do this; ask a {' or '.join(roles)}."
        )


def write_state(
    rows: sqlite3.Connection,
    before: sqlite3.Row,
    by_whom: str,
    **changed: str | bool,
) -> int:
    """Write an account's next state: the one before with what changed. Needs a transaction."""
    kept = {key: before[key] for key in ("role", "password", "must_change", "enabled")}
    return insert(
        rows,
        "account_state",
        account=before["id"],
        by_whom=by_whom,
        written=insert_moment(rows),
        **{**kept, **changed},
    )


def state_by_name(rows: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    """Return the newest state of the account of that name, however it is written, or None."""
    wanted = folded_name(name)
    found = [row for row in rows.execute(_ACCOUNTS) if folded_name(row["name"]) == wanted]
    return found[0] if found else None


def _make(
    store: Store,
    name: str,
    role: Role,
    password: str,
    by: Account | None,
    *,
    must_change: bool,
    cost: Cost,
) -> Account:
    _refuse_unknown_role(role)
    shown = _usable_name(name)
    passwords.refuse_weak(password, shown)
    stored = passwords.keep(password, cost)
    with audited(store) as rows:
        if by is not None:
            refuse_unless(rows, by, "administrator")
        elif rows.execute("SELECT 1 FROM account").fetchone():
            raise UsageError("There are accounts already; ask an administrator for one.")
        if state_by_name(rows, shown) or folded_name(shown) == folded_name(OWNER.name):
            raise UsageError(f"{shown}: this name is taken; add something to it.")
        by_whom = by.name if by else shown
        number = insert(rows, "account", name=shown, written=insert_moment(rows))
        insert(
            rows,
            "account_state",
            account=number,
            role=role,
            password=stored,
            must_change=must_change,
            enabled=True,
            by_whom=by_whom,
            written=insert_moment(rows),
        )
        append(rows, by_whom, "account made", f"account {shown}", {"role": role})
        return _account(_known(rows, number))


def _usable_name(name: str) -> str:
    shown = " ".join(unicodedata.normalize("NFKC", name).split())
    if not folded_name(shown) or len(shown) > _MAX_NAME:
        raise UsageError(f"A name has 1 to {_MAX_NAME} characters; type one that fits.")
    if not all(sign.isprintable() or sign in _JOINERS for sign in shown):
        raise UsageError("The name holds characters that cannot be shown; type it anew.")
    return shown


def _refuse_unknown_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"{role}: there is no such role; the roles are {', '.join(ROLES)}.")


def _refuse_last_administrator(rows: sqlite3.Connection, before: sqlite3.Row) -> None:
    others = rows.execute(
        f"SELECT 1 FROM ({_ACCOUNTS}) WHERE id <> ? AND role = 'administrator' AND enabled",
        (before["id"],),
    ).fetchone()
    if before["role"] == "administrator" and before["enabled"] and not others:
        raise UsageError(
            f"{before['name']}: this is the last administrator; make another one first."
        )


def _by_number(rows: sqlite3.Connection, number: int) -> sqlite3.Row | None:
    found: sqlite3.Row | None = rows.execute(
        _ACCOUNTS + "WHERE account.id = ?", (number,)
    ).fetchone()
    return found


def _known(rows: sqlite3.Connection, number: int) -> sqlite3.Row:
    found = _by_number(rows, number)
    if found is None:
        raise UsageError(f"{number}: there is no such account; look at the list of accounts.")
    return found


def _account(row: sqlite3.Row) -> Account:
    return account_of(row, None)


def account_of(row: sqlite3.Row, checked_s: float | None) -> Account:
    """Return the account of a row of `state_by_name`."""
    return Account(
        number=row["id"],
        name=row["name"],
        role=row["role"],
        state=row["state"],
        must_change=bool(row["must_change"]),
        enabled=bool(row["enabled"]),
        checked_s=checked_s,
    )
