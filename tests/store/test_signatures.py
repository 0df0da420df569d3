from __future__ import annotations

import dataclasses
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from edgeall.errors import UsageError
from edgeall.slide.review import Agreement, Opinion
from edgeall.store import audit
from edgeall.store.accounts import (
    OWNER,
    ForbiddenError,
    add_account,
    begin_accounts,
    change_role,
    set_enabled,
)
from edgeall.store.agreement import agreement
from edgeall.store.amendments import LockedError, amendment, begin_amendment
from edgeall.store.logins import Logins
from edgeall.store.passwords import Cost
from edgeall.store.records import BundleRecord
from edgeall.store.reviewed import reviewed_reading
from edgeall.store.reviews import Edit, NewerReviewError, add_reviews, undo
from edgeall.store.signatures import (
    FRESH_S,
    ReviewedMeanwhileError,
    altered_signatures,
    sign,
    signatures,
)
from edgeall.store.store import DATABASE, Store

QUICK = Cost(memory=64, passes=1, lanes=1)
GOOD = "blue mitten harbour"
MANIFEST = '{"format": 1, "output": {"labels": ["normal", "blast"], "blasts": ["blast"]}}'
BUNDLE = BundleRecord("b", "1", "ab" * 32, MANIFEST)
BLAST, NO_CELL = Opinion("class", "blast"), Opinion("not a cell")


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store, make_field, make_reading):
    number = store.begin_run("S-1", "ada", "samples", BUNDLE)
    fields = store.add_fields(number, [make_field(0, cells=4)])
    store.add_reading(number, make_reading("S-1"), fields)
    return number


@pytest.fixture
def ada(store):
    begin_accounts(store, "Ada", GOOD, cost=QUICK)
    return Logins(store, cost=QUICK).check("Ada", GOOD)


@pytest.fixture
def person(store, ada):
    def make(name, role):
        _, first = add_account(store, name, role, ada, cost=QUICK)
        return Logins(store, cost=QUICK).change_password(name, first, "green lantern meadow")

    return make


def test_a_signature_holds_the_reviewed_reading_and_locks_the_slide(store, run, ada):
    (last,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    signed = sign(store, run, ada, seen=last, stopped=None, comment="many blasts")
    assert (signed.version, signed.last_review, signed.signer) == (1, last, "Ada")
    assert (signed.comment, signed.reason) == ("many blasts", "")
    assert signed.reading == reviewed_reading(store, run)
    assert signed.reading.blasts.count == 3
    assert signatures(store, run) == [signed]
    for change in (
        lambda: add_reviews(store, run, [Edit(2, 0, NO_CELL)], ada),
        lambda: undo(store, run, [(1, last)], ada),
        lambda: sign(store, run, ada, seen=last, stopped=None),
    ):
        with pytest.raises(LockedError, match="begin an amendment"):
            change()
    assert reviewed_reading(store, run) == signed.reading


def test_an_amendment_is_a_new_version_with_a_reason_and_the_first_stays(store, run, ada):
    first = sign(store, run, ada, seen=0, stopped=None)
    begun = begin_amendment(store, run, "  a cell was\nmistaken ", ada)
    assert (begun.version, begun.reason, begun.by_whom) == (2, "a cell was mistaken", "Ada")
    assert amendment(store, run) == begun
    (last,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    second = sign(store, run, ada, seen=last, stopped=None)
    assert (second.version, second.reason) == (2, "a cell was mistaken")
    assert signatures(store, run) == [first, second]
    assert first.reading != second.reading
    assert amendment(store, run) is None
    with pytest.raises(LockedError):
        add_reviews(store, run, [Edit(2, 0, NO_CELL)], ada)


def test_an_amendment_needs_a_signature_and_a_reason_and_is_begun_once(store, run, ada):
    with pytest.raises(UsageError, match="is not signed"):
        begin_amendment(store, run, "why", ada)
    sign(store, run, ada, seen=0, stopped=None)
    with pytest.raises(UsageError, match="has a reason"):
        begin_amendment(store, run, " \n ", ada)
    begin_amendment(store, run, "why", ada)
    with pytest.raises(UsageError, match=r"already \(Ada: why\)"):
        begin_amendment(store, run, "why", ada)


@pytest.mark.parametrize(("role", "may"), [("technician", False), ("reviewer", True)])
def test_who_may_sign(store, run, person, role, may):
    grace = person("Grace", role)
    if may:
        assert sign(store, run, grace, seen=0, stopped=None).signer == "Grace"
        begin_amendment(store, run, "why", grace)
        return
    with pytest.raises(ForbiddenError, match="technician may not"):
        sign(store, run, grace, seen=0, stopped=None)
    with pytest.raises(ForbiddenError, match="technician may not"):
        begin_amendment(store, run, "why", grace)


def test_who_may_no_longer_does_not_sign(store, run, ada, person):
    grace = person("Grace", "reviewer")
    change_role(store, grace.number, "technician", ada)
    with pytest.raises(ForbiddenError):
        sign(store, run, grace, seen=0, stopped=None)
    set_enabled(store, grace.number, False, ada)
    with pytest.raises(ForbiddenError):
        sign(store, run, grace, seen=0, stopped=None)
    assert signatures(store, run) == []


def test_the_password_must_have_been_checked_just_now(store, run, ada):
    stale = (None, time.monotonic() - FRESH_S - 1, time.monotonic() + 60)
    for account in (*(dataclasses.replace(ada, checked_s=at) for at in stale), OWNER):
        with pytest.raises(ForbiddenError, match="type the password again"):
            sign(store, run, account, seen=0, stopped=None)


def test_nothing_is_signed_while_reporting_is_stopped(store, run, ada):
    with pytest.raises(UsageError, match="the light has moved"):
        sign(store, run, ada, seen=0, stopped="the light has moved")
    assert signatures(store, run) == []


def test_a_slide_that_is_open_or_cut_off_is_not_signed(store, make_field, ada):
    is_open = store.begin_slide("S-2", "ada", "auto", BUNDLE, "test")
    store.add_fields(is_open, [make_field(0)])
    with pytest.raises(UsageError, match="still open"):
        sign(store, is_open, ada, seen=0, stopped=None)
    cut_off = store.begin_run("S-3", "ada", "samples", BUNDLE)
    with pytest.raises(UsageError, match="no reading"):
        sign(store, cut_off, ada, seen=0, stopped=None)
    with pytest.raises(UsageError, match="no such run"):
        sign(store, 99, ada, seen=0, stopped=None)


def test_what_was_not_seen_is_not_signed(store, run, ada, person):
    grace = person("Grace", "technician")
    (last,) = add_reviews(store, run, [Edit(1, 0, BLAST)], grace)
    with pytest.raises(ReviewedMeanwhileError, match="look again"):
        sign(store, run, ada, seen=0, stopped=None)
    assert sign(store, run, ada, seen=last, stopped=None).last_review == last


def test_a_review_and_a_signature_at_once_leave_no_review_under_the_lock(store, run, ada, person):
    grace = person("Grace", "technician")
    ended: list[object] = []
    ready = threading.Barrier(2)

    def attempt(what):
        ready.wait()
        try:
            ended.append(what())
        except (LockedError, ReviewedMeanwhileError, NewerReviewError) as error:
            ended.append(error)

    attempts = (
        lambda: add_reviews(store, run, [Edit(1, 0, BLAST)], grace),
        lambda: sign(store, run, ada, seen=0, stopped=None),
    )
    threads = [threading.Thread(target=attempt, args=(one,)) for one in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refused = [one for one in ended if isinstance(one, UsageError)]
    assert len(refused) == 1
    for signed in signatures(store, run):
        assert signed.reading == reviewed_reading(store, run)


def test_two_who_sign_at_once_make_one_version(store, run, ada):
    ended: list[object] = []
    ready = threading.Barrier(2)

    def attempt():
        ready.wait()
        try:
            ended.append(sign(store, run, ada, seen=0, stopped=None))
        except LockedError as error:
            ended.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(signatures(store, run)) == 1
    assert sum(isinstance(one, LockedError) for one in ended) == 1


def test_signing_is_logged_and_an_altered_signature_shows(store, run, ada, tmp_path):
    sign(store, run, ada, seen=0, stopped=None)
    last = list(audit.entries(store))[-1]
    assert (last.actor, last.action, last.subject) == ("Ada", "signed", f"run {run}")
    assert altered_signatures(store) == []
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as rows:
        rows.execute("DROP TRIGGER signature_is_not_changed")
        rows.execute("UPDATE signature SET reading = json_set(reading, '$.reading.counted', 0)")
    assert altered_signatures(store) == [1]
    assert audit.verify(store).fault is None, "the log itself is whole"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE signature SET signer = 'Eve'",
        "UPDATE signature SET version = 7, reason = 'x'",
        "UPDATE signature SET run = (SELECT max(id) FROM run)",
        "UPDATE signature SET comment = 'no blasts'",
        "DELETE FROM signature",
    ],
)
def test_a_signature_that_was_given_to_another_or_removed_shows(store, run, ada, tmp_path, change):
    store.begin_run("S-2", "ada", "samples", BUNDLE)
    sign(store, run, ada, seen=0, stopped=None)
    with closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as rows:
        rows.execute("DROP TRIGGER signature_is_not_changed")
        rows.execute("DROP TRIGGER signature_is_not_removed")
        rows.execute(change)
    assert altered_signatures(store) == [1]


def test_the_logs_seal_is_in_the_signature(store, run, ada):
    before = list(audit.entries(store))[-1]
    sign(store, run, ada, seen=0, stopped=None)
    with store.rows() as rows:
        (held,) = rows.execute("SELECT reading ->> '$.audit.seal' FROM signature").fetchone()
    assert held == before.seal
    assert audit.verify(store).compared == 2


def test_agreement_is_counted_over_signed_slides_by_month_and_network(store, run, ada):
    assert agreement(store) == []
    add_reviews(store, run, [Edit(1, 0, BLAST), Edit(2, 0, NO_CELL)], ada)
    assert agreement(store) == [], "an unsigned slide was perhaps looked at here and there"
    sign(store, run, ada, seen=2, stopped=None)
    (month,) = agreement(store)
    assert month.month == f"{datetime.now(UTC):%Y-%m}"
    assert month.network_sha256 == BUNDLE.network_sha256
    assert month.counts == (
        Agreement("blast", "blast", 1),
        Agreement("blast", "not a cell", 1),
        Agreement("unidentified", "blast", 1),
        Agreement("unidentified", "unidentified", 1),
    )
    assert agreement(store, network="cd" * 32) == []
    assert agreement(store, since=datetime.now(UTC) + timedelta(days=1)) == []


def test_of_an_amended_slide_the_newest_version_counts_once(store, run, ada):
    sign(store, run, ada, seen=0, stopped=None)
    begin_amendment(store, run, "why", ada)
    (last,) = add_reviews(store, run, [Edit(1, 0, BLAST)], ada)
    (month,) = agreement(store)
    assert Agreement("unidentified", "blast", 1) not in month.counts, "not signed yet"
    sign(store, run, ada, seen=last, stopped=None)
    (month,) = agreement(store)
    assert sum(count.cells for count in month.counts) == 4
    assert Agreement("unidentified", "blast", 1) in month.counts
