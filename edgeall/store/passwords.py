"""Passwords: how they are kept, which are too weak, and one to print on a label.

A password is kept as Argon2id (RFC 9106) in the PHC string format, which names its
own cost: ``$argon2id$v=19$m=65536,t=3,p=4$salt$tag``. The cost may so rise later,
and each password follows when its owner next logs in.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Final

from edgeall.errors import StoreError, UsageError

MIN_LENGTH: Final = 10
"""Characters of the shortest password that is taken."""

MAX_LENGTH: Final = 256
"""Characters of the longest: what a stranger sends must not cost more than a password."""

_MIN_BESIDE_NAME = 6
_MIN_DIFFERENT = 5
_SALT_BYTES = 16
_TAG_BYTES = 32

_RUNS = (
    "01234567890" * 3,
    "09876543210" * 3,
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "q1w2e3r4t5y6u7i8o9p0",
)
"""What fingers type by themselves; no part of it is a password."""

_TRIED_FIRST = """
    administrator adminadmin admin12345 admin123456 administrador administrateur changeme123
    edgeall123 helloworld iloveyou12 iloveyou123 laboratory laboratorio laboratoire leukaemia1
    leukemia123 letmein123 microscope microscopio motdepasse motdepasse1 p@ssw0rd123 password01
    password1! password12 password123 password123! password1234 passwordpassword passw0rd123
    qwerty12345 qwerty123456 qwertyuiop1 raspberry1 raspberrypi raspberrypi1 superadmin
    technician trustno1trustno1 welcome123 welcome1234 hematology haematology contrasena1
    """
"""The most common of at least `MIN_LENGTH`, and those that this device suggests by itself."""

_COMMON = frozenset(_TRIED_FIRST.split())

_LABEL_SIGNS = "bcdfghjkmnpqrstvwxz23456789"
"""No vowels, so that no word comes of it, and nothing that looks like something else."""
_LABEL_GROUPS, _LABEL_GROUP = 3, 4

_STORED = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one check of a password costs: KiB of memory, passes over it, lanes."""

    memory: int
    passes: int
    lanes: int


COST: Final = Cost(memory=64 * 1024, passes=3, lanes=4)
"""What new passwords cost.

It is the second recommended option of RFC 9106, section 4 (the first takes 2 GiB), and
above the least that OWASP's Password Storage Cheat Sheet asks for (19 MiB, 2 passes,
1 lane). The lanes are computed one after the other, on one core. On an AMD EPYC it took
0.16 s of processor time; a Cortex-A72 at 1.5 GHz is some 4 to 6 times slower at such
work, which makes 0.6 to 1 s on a Raspberry Pi 4: an estimate, not measured there.
"""


def normal(password: str) -> bytes:
    """Return a password's bytes: the same however a keyboard composes its accents (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def keep(password: str, cost: Cost = COST) -> str:
    """Return what is stored of a password; each time another string. It takes a second."""
    salt = os.urandom(_SALT_BYTES)
    tag = _argon2id(password, salt, cost, _TAG_BYTES)
    return (
        f"$argon2id$v=19$m={cost.memory},t={cost.passes},p={cost.lanes}"
        f"${_encoded(salt)}${_encoded(tag)}"
    )


def fits(password: str, stored: str) -> bool:
    """Tell whether a password is the stored one, in a time that tells nothing else.

    A password that is too long is never the one, and costs the same.

    Raises
    ------
    StoreError
        What is stored is no Argon2id string.
    """
    cost, salt, tag = _parsed(stored)
    too_long = len(password) > MAX_LENGTH
    computed = _argon2id(password[:MAX_LENGTH], salt, cost, len(tag))
    return hmac.compare_digest(computed, tag) and not too_long


def is_dated(stored: str, cost: Cost = COST) -> bool:
    """Tell whether a password was kept at another cost than is asked for now."""
    return _parsed(stored)[0] != cost


def refuse_weak(password: str, name: str) -> None:
    """Refuse a password that is too short, too long, the name, common or a row of keys.

    No mix of capitals, digits and signs is asked for: it makes passwords that are
    alike and forgotten (NIST SP 800-63B, section 5.1.1.2).

    Raises
    ------
    UsageError
        It is one of these; the message says which.
    """
    text = unicodedata.normalize("NFKC", password)
    if len(text) < MIN_LENGTH:
        raise UsageError(
            f"The password has {len(text)} characters and {MIN_LENGTH} are the least; a few words "
            "in a row are easy to keep in mind."
        )
    if len(text) > MAX_LENGTH:
        raise UsageError(
            f"The password has {len(text)} characters and {MAX_LENGTH} are the most; take fewer."
        )
    folded, own = folded_name(text), folded_name(name)
    if folded == own or (own and len(folded.replace(own, "")) < _MIN_BESIDE_NAME):
        raise UsageError("The password is little more than the name; take another.")
    if folded in _COMMON:
        raise UsageError("The password is among those that are tried first; take another.")
    if len(set(folded)) < _MIN_DIFFERENT or any(folded in run for run in _RUNS):
        raise UsageError("The password is one key or a row of keys; take another.")


def label_password() -> str:
    """Return a random password to be printed on a label, such as ``k7mw-p3xd-9hzt``.

    12 signs of 27 are 57 bits: beyond guessing at a log-in, and changed at the first.
    """
    return "-".join(
        "".join(secrets.choice(_LABEL_SIGNS) for _ in range(_LABEL_GROUP))
        for _ in range(_LABEL_GROUPS)
    )


def folded_name(name: str) -> str:
    """Return what two writings of one name have in common: NFKC and case folding.

    Signs that show nothing (joiners, marks of direction) and the number of blanks
    count for nothing.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    shown = "".join(sign for sign in text if unicodedata.category(sign) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", shown).split())


def _argon2id(password: str, salt: bytes, cost: Cost, length: int) -> bytes:
    # Not at the top: the command line imports this room long before it needs a password.
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    derivation = Argon2id(
        salt=salt,
        length=length,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory,
    )
    return derivation.derive(normal(password))


def _parsed(stored: str) -> tuple[Cost, bytes, bytes]:
    if found := _STORED.fullmatch(stored):
        memory, passes, lanes = (int(found[place]) for place in (1, 2, 3))
        try:
            return Cost(memory, passes, lanes), _decoded(found[4]), _decoded(found[5])
        except binascii.Error:
            pass
    raise StoreError(
        "A stored password cannot be read; an administrator must set it anew, or restore a backup."
    )


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
