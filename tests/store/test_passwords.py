from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import StoreError, UsageError
from edgeall.store import passwords
from edgeall.store.passwords import COST, MAX_LENGTH, Cost

QUICK = Cost(memory=64, passes=1, lanes=2)
GOOD = "blue mitten harbour"


@given(st.text(max_size=40), st.text(max_size=40))
def test_only_the_password_itself_fits(password, other):
    stored = passwords.keep(password, QUICK)
    assert passwords.fits(password, stored)
    same = passwords.normal(password) == passwords.normal(other)
    assert passwords.fits(other, stored) == same


def test_the_same_password_is_stored_differently_each_time():
    assert passwords.keep(GOOD, QUICK) != passwords.keep(GOOD, QUICK)


def test_what_is_stored_is_a_phc_string_that_others_can_check():
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    stored = passwords.keep(GOOD, QUICK)
    assert re.fullmatch(r"\$argon2id\$v=19\$m=64,t=1,p=2\$[^$]{22}\$[^$]{43}", stored)
    if hasattr(Argon2id, "verify_phc_encoded"):
        Argon2id.verify_phc_encoded(GOOD.encode(), stored)


def test_accents_may_be_typed_either_way():
    stored = passwords.keep("Zu\u0308rich am See", QUICK)
    assert passwords.fits("Z\u00fcrich am See", stored)


def test_a_password_that_is_too_long_never_fits():
    stored = passwords.keep("a" * MAX_LENGTH, QUICK)
    assert passwords.fits("a" * MAX_LENGTH, stored)
    assert not passwords.fits("a" * (MAX_LENGTH + 1), stored)


def test_a_password_of_another_cost_still_fits_and_is_dated():
    stored = passwords.keep(GOOD, QUICK)
    assert passwords.fits(GOOD, stored)
    assert passwords.is_dated(stored, COST)
    assert not passwords.is_dated(stored, QUICK)


def test_the_cost_is_at_least_what_owasp_asks_for():
    assert COST.memory >= 19 * 1024
    assert COST.passes >= 2


@pytest.mark.parametrize(
    "damaged",
    ["", GOOD, "$argon2i$v=19$m=64,t=1,p=1$YWFhYWFhYWE$YWFh", "$argon2id$v=19$m=64,t=1,p=1$a$a"],
)
def test_a_stored_password_that_is_damaged_is_told(damaged):
    with pytest.raises(StoreError, match="set it anew"):
        passwords.fits(GOOD, damaged)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "5 characters and 10"),
        ("a" * (MAX_LENGTH + 1), "are the most"),
        ("Ada Lovelace", "little more than the name"),
        ("ada lovelace7!", "little more than the name"),
        ("Administrator", "tried first"),
        ("Password1234", "tried first"),
        ("aaaaaaaaaaaa", "a row of keys"),
        ("1234567890", "a row of keys"),
        ("qwertyuiop", "a row of keys"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password, why):
    with pytest.raises(UsageError, match=why):
        passwords.refuse_weak(password, "Ada Lovelace")


def test_a_few_words_are_a_password():
    passwords.refuse_weak(GOOD, "Ada Lovelace")
    passwords.refuse_weak("नमस्ते सब लोग आज", "आशा")


def test_a_first_password_is_readable_strong_enough_and_new_each_time():
    labels = {passwords.label_password() for _ in range(200)}
    assert len(labels) == 200
    for label in labels:
        assert re.fullmatch(r"[b-df-hj-kmnp-tv-z2-9]{4}(-[b-df-hj-kmnp-tv-z2-9]{4}){2}", label)
        passwords.refuse_weak(label, "Ada")


@given(st.text(max_size=30))
def test_a_folded_name_folds_to_itself_however_it_is_typed(name):
    folded = passwords.folded_name(name)
    assert passwords.folded_name(folded) == folded
    assert passwords.folded_name(f"  {name} ") == folded


@pytest.mark.parametrize("written", ["STRASSE", "straße", "Stra\u200bße", "ｓｔｒａßｅ"])
def test_writings_of_one_name_are_one(written):
    assert passwords.folded_name(written) == "strasse"
