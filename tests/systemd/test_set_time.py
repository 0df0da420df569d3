"""The clock goes forwards, to a time at which this device can be, or it stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "systemd" / "edgeall-set-time"
MADE = 1793491200
"""2026-11-01, before which this program was not."""


@pytest.fixture
def set_time(tmp_path):
    """Run the program on a request, with a clock of its own that says what was asked of it."""
    date = tmp_path / "bin" / "date"
    date.parent.mkdir()

    def run(request: bytes | None, *, now: int = MADE) -> tuple[int, str, str]:
        date.write_text(
            f'#!/bin/sh\ncase "$*" in\n+%s) echo {now};;\n'
            f'*--set=*) echo "$*" >>{tmp_path}/asked;;\n*) echo now;;\nesac\n'
        )
        date.chmod(0o755)
        (tmp_path / "asked").write_text("")
        file = tmp_path / "set-time"
        if request is not None:
            file.write_bytes(request)
        done = subprocess.run(
            ["/bin/sh", PROGRAM, file],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{date.parent}:/usr/bin:/bin"},
        )
        assert not file.exists(), "the request is taken away, or systemd would start it for ever"
        return done.returncode, (tmp_path / "asked").read_text(), done.stdout + done.stderr

    return run


@pytest.mark.parametrize("written", [b"%d", b"%d\n"])
def test_the_clock_is_set_forwards(set_time, written):
    code, asked, said = set_time(written % (MADE + 5000))
    assert (code, asked) == (0, f"--utc --set=@{MADE + 5000}\n")
    assert "the clock was set" in said


def test_a_clock_of_1970_is_set(set_time):
    assert set_time(b"%d" % (MADE + 5000), now=86400)[1] != ""


@pytest.mark.parametrize("behind", [0, 1, 3600])
def test_the_clock_is_never_set_back(set_time, behind):
    code, asked, said = set_time(b"%d" % (MADE + 5000), now=MADE + 5000 + behind)
    assert (code, asked) == (0, "")
    assert "never set back" in said


@pytest.mark.parametrize(
    "request_",
    [None, b"", b"\n", b"-5", b"1.8e9", b"0x6ae00000", b"0", b"$(reboot)", b"9" * 400, b"\0\xff"]
    + [b"%d" % seconds for seconds in (1, MADE - 1, MADE + 21 * 31556952, 99999999999)]
    + [b"%d; reboot" % (MADE + 5000), b"%d\n%d" % (MADE + 5000, MADE + 6000)],
)
def test_what_is_no_possible_time_sets_nothing(set_time, request_):
    code, asked, said = set_time(request_)
    assert (code, asked) == (1, "")
    assert said.startswith("no time was set")
