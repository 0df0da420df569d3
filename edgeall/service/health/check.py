"""One line of the checklist."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Verdict: TypeAlias = Literal["good", "warning", "failed"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, what was found, and what to do where it is not good."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def good(name: str, found: str) -> Check:
    """Return a check that was passed."""
    return Check(name=name, verdict="good", found=found)


def failed(name: str, sentence: str) -> Check:
    """Return a check that failed; what was found and what to do are split at the semicolon."""
    found, _, remedy = sentence.partition("; ")
    return Check(name=name, verdict="failed", found=found, remedy=remedy)
