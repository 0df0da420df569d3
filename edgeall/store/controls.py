"""Controls as they are stored, and whether one passed today."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from edgeall.errors import StoreError
from edgeall.slide.control import Figures
from edgeall.slide.verdict import Finding
from edgeall.store.clock import now
from edgeall.store.records import Moment
from edgeall.store.writing import as_text, insert, insert_moment

if TYPE_CHECKING:
    from edgeall.slide.verdict import Verdict
    from edgeall.store.store import Store

_DAY = timedelta(days=1)

_CONTROLS = """
    SELECT control.*, run.slide_id, bundle.network_sha256,
        moment.boot_id, moment.monotonic_ns, moment.wall_clock, moment.synchronised
    FROM control
    JOIN run ON run.id = control.run
    JOIN bundle ON bundle.id = run.bundle
    JOIN moment ON moment.id = control.written
    WHERE (? IS NULL OR control.material = ?) AND (? IS NULL OR bundle.network_sha256 = ?)
    ORDER BY control.id
"""


@dataclass(frozen=True, slots=True)
class StoredControl:
    """A control as it was stored; ``material`` is the slide's lot, ``network`` its sha256."""

    number: int
    run: int
    slide_id: str
    material: str
    network: str
    figures: Figures
    passed: bool
    findings: tuple[Finding, ...]
    operator: str
    written: Moment


def add_control(
    store: Store, run: int, material: str, figures: Figures, verdict: Verdict, operator: str
) -> int:
    """Store the verdict on a run that read a control slide; return its number.

    Raises
    ------
    StoreError
        The database cannot be written, or the run has a verdict.
    """
    with store.rows(write=True) as connection:
        return insert(
            connection,
            "control",
            run=run,
            material=as_text(material),
            measures=msgspec.json.encode(figures).decode(),
            passed=verdict.passed,
            findings=msgspec.json.encode(verdict.findings).decode(),
            operator=as_text(operator),
            written=insert_moment(connection),
        )


def controls(
    store: Store, *, material: str | None = None, network: str | None = None
) -> list[StoredControl]:
    """Return the controls, the newest last: all, or those of a material or a network.

    Raises
    ------
    StoreError
        They cannot be read.
    """
    lot = None if material is None else as_text(material)
    with store.rows() as connection:
        rows = connection.execute(_CONTROLS, (lot, lot, network, network)).fetchall()
    return [_stored(row) for row in rows]


def passed_today(store: Store, network: str | None = None, at: Moment | None = None) -> bool:
    """Tell whether a control passed today, with this network where its sha256 is given.

    Of each material the newest control of today counts: one that failed after another
    had passed is a failure. See `is_today` for what today is.
    """
    at = at or now()
    newest: dict[str, StoredControl] = {}
    for control in controls(store, network=network):
        if is_today(control.written, at):
            newest[control.material] = control
    return bool(newest) and all(control.passed for control in newest.values())


def is_today(then: Moment, at: Moment) -> bool:
    """Tell whether something happened on the day of ``at``, by clocks that may be wrong.

    Within one boot the monotonic clock tells how long ago it was, whatever the wall clock
    said: if that reaches back no further than midnight (local time), it is today; while
    the wall clock is not synchronised nobody knows when midnight was, and a day counts
    from the moment itself, 24 hours. From another boot it is today only where the wall
    clock was synchronised both times and shows the same date, not later than now. So a
    clock that is wrong may ask for a control too many, and never makes an old one today's.
    """
    if then.boot_id == at.boot_id:
        ago = timedelta(microseconds=(at.monotonic_ns - then.monotonic_ns) / 1000)
        if not at.synchronised:
            return timedelta() <= ago < _DAY
        local = at.wall_clock.astimezone()
        return timedelta() <= ago and (local - ago).date() == local.date()
    if not (then.synchronised and at.synchronised):
        return False
    same_date = then.wall_clock.astimezone().date() == at.wall_clock.astimezone().date()
    return same_date and then.wall_clock <= at.wall_clock


def _stored(row: sqlite3.Row) -> StoredControl:
    try:
        figures = msgspec.json.decode(row["measures"], type=Figures)
        findings = msgspec.json.decode(row["findings"], type=tuple[Finding, ...])
    except msgspec.DecodeError as error:
        raise StoreError(
            f"Control {row['id']} cannot be read ({error}); a later edgeall may have stored it."
        ) from error
    return StoredControl(
        number=row["id"],
        run=row["run"],
        slide_id=row["slide_id"],
        material=row["material"],
        network=row["network_sha256"],
        figures=figures,
        passed=bool(row["passed"]),
        findings=findings,
        operator=row["operator"],
        written=Moment(
            boot_id=row["boot_id"],
            monotonic_ns=row["monotonic_ns"],
            wall_clock=datetime.fromisoformat(row["wall_clock"]),
            synchronised=bool(row["synchronised"]),
        ),
    )
