"""The units: systemd says nothing against them, and little is left open to what they run."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
PREFIX = "/opt/edgeall/current"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
ALL = sorted(path.name for kind in ("service", "timer", "path") for path in UNITS.glob(f"*.{kind}"))

EXPOSURE = {
    "edgeall.service": 1.5,
    "edgeall-backup.service": 1.0,
    "edgeall-retention.service": 1.0,
    "edgeall-set-time.service": 1.5,
    "edgeall-stick@.service": 1.5,
}
"""The most exposure that each may have, of systemd-analyze's 0 (none) to 10."""

JOURNALD = {
    "SystemMaxUse",
    "SystemMaxFileSize",
    "SystemKeepFree",
    "RuntimeMaxUse",
    "RuntimeMaxFileSize",
    "MaxRetentionSec",
    "SyncIntervalSec",
    "Compress",
    "RateLimitIntervalSec",
    "RateLimitBurst",
    "ForwardToSyslog",
}
"""Keys of journald.conf(5), which no tool verifies."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian: systemd)"
)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder with all units; the programs that they run are there."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    folder = tmp_path / "units"
    folder.mkdir()
    for name in ALL:
        text = re.sub(rf"{PREFIX}/(bin|libexec)/[a-z-]+", str(program), (UNITS / name).read_text())
        # A template is verified as one of its instances.
        (folder / name.replace("@.", "@sda1.")).write_text(text)
    return folder


def verify(*units: Path) -> tuple[int, str]:
    """Return systemd's verdict and all that it said: it exits with 0 on a misspelt key."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "info", "LC_ALL": "C.UTF-8"},
    )
    return done.returncode, done.stdout


@needs_systemd
def test_systemd_says_nothing_against_any_unit(installed):
    assert verify(*sorted(installed.iterdir())) == (0, "")


@needs_systemd
@pytest.mark.parametrize(
    ("written", "misspelt", "told"),
    [
        ("WatchdogSec=30", "WatchDogSec=30", "'WatchDogSec'"),
        ("=strict", "=strickt", "strickt"),
        ("char-media rw", "char-media rx", "rx"),
        ("=@system-service", "=@system-services", "@system-services"),
    ],
)
def test_a_misspelt_line_is_told(installed, written, misspelt, told):
    unit = installed / "edgeall.service"
    text = unit.read_text()
    assert written in text
    unit.write_text(text.replace(written, misspelt))
    _, said = verify(unit)
    assert told in said


@needs_systemd
def test_a_program_that_is_absent_is_told(installed):
    (installed.parent / "program").unlink()
    code, said = verify(installed / "edgeall.service")
    assert code != 0
    assert "not executable" in said


def test_every_service_has_its_limit():
    assert set(EXPOSURE) == set(SERVICES)


@needs_systemd
@pytest.mark.parametrize("service", SERVICES)
def test_little_is_left_open(installed, service):
    assert exposed(installed / service.replace("@.", "@sda1."), EXPOSURE[service]) == 0


@needs_systemd
def test_a_service_that_is_left_open_is_told(installed):
    unit = installed / "edgeall.service"
    loose = [line for line in unit.read_text().splitlines() if not line.startswith("Protect")]
    unit.write_text("\n".join(loose))
    assert exposed(unit, EXPOSURE["edgeall.service"]) != 0


def exposed(unit: Path, most: float) -> int:
    """Return 0 where a unit's exposure is at most that; the threshold is written in tenths."""
    return subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={most * 10:.0f}", unit],
        stdout=subprocess.DEVNULL,
        check=False,
    ).returncode


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_left_open_says_why(service):
    """A rule that is switched off is named in a comment of its unit."""
    lines = (UNITS / service).read_text().splitlines()
    comments = " ".join(line for line in lines if line.startswith("#"))
    for line in lines:
        if re.fullmatch(r"(Protect|Private|Restrict|Memory|Remove)\w+=no", line):
            assert line.split("=")[0] in comments, f"{service}: {line} says nowhere why"


def test_the_readme_explains_every_line_of_every_unit():
    explained = (UNITS / "README.md").read_text()
    for name in ALL:
        for line in (UNITS / name).read_text().splitlines():
            key, equals, _ = line.partition("=")
            if equals and not line.startswith("#"):
                assert f"`{key}=" in explained, f"{name}: {key}= is not explained"


@needs_systemd
def test_users_and_folders_are_made(tmp_path):
    """In a root of their own, as the installation does; the groups that are absent, too."""
    root = tmp_path / "root"
    (root / "etc/edgeall").mkdir(parents=True)
    (root / "etc/edgeall/backup.passphrase").write_text("secret")
    for tool, file in (("systemd-sysusers", "sysusers"), ("systemd-tmpfiles", "tmpfiles")):
        if os.geteuid() != 0:
            pytest.skip("only root may give files away")
        create = ["--create"] if file == "tmpfiles" else []
        done = subprocess.run(
            [tool, *create, f"--root={root}", UNITS / f"edgeall.{file}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Unknown" not in done.stderr
    (user,) = re.findall(r"^edgeall:x:(\d+):", (root / "etc/passwd").read_text(), re.M)
    groups = (root / "etc/group").read_text()
    for group in ("video", "input", "gpio"):
        assert re.search(rf"^{group}:x:\d+:edgeall$", groups, re.M)
    state = (root / "var/lib/edgeall").stat()
    assert (state.st_uid, oct(state.st_mode & 0o777)) == (int(user), "0o700")
    assert oct((root / "etc/edgeall/backup.passphrase").stat().st_mode & 0o777) == "0o440"


def test_the_log_is_bounded_by_keys_that_journald_knows():
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / "journald-edgeall.conf")
    assert parser.sections() == ["Journal"]
    keys = set(parser["Journal"])
    assert keys <= JOURNALD
    assert {"SystemMaxUse", "RuntimeMaxUse", "MaxRetentionSec"} <= keys
