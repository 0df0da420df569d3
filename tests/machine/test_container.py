"""The device in a booted Debian 13: from install.sh to a stored reading, and what may go wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeall.samples.paths import fields_folder

if TYPE_CHECKING:
    from .container import Container

SAMPLES = sorted(fields_folder().glob("*.jpg"))
INCOMING = "/var/lib/edgeall/incoming"
ACTIVE = "systemctl is-active --quiet edgeall"


def status(machine: Container) -> dict:
    return json.loads(machine.say("edgeall status --json"))


def drop(machine: Container, *samples: int) -> None:
    for sample in samples:
        machine.copy_in(SAMPLES[sample], f"{INCOMING}/{SAMPLES[sample].name}")
    machine.say(f"chown -R edgeall: {INCOMING}")


def until_fields(machine: Container, count: int) -> None:
    """Wait until so many fields of the open slide are stored, or more."""
    machine.until(f"test $(edgeall status --json | grep -oP '\"fields\": \\K\\d+') -ge {count}")


def test_a_bare_debian_becomes_a_device_that_reads_and_stores(machine):
    machine.until(ACTIVE)
    assert "event=ready" in machine.journal()
    machine.say("edgeall slide begin P-1 --operator ada")
    drop(machine, 0, 1, 2)
    until_fields(machine, 3)
    assert "does not replace" in machine.say("edgeall slide end --operator ada")
    stored = json.loads(machine.say("edgeall results P-1 --json --store /var/lib/edgeall"))
    assert stored["slide"]["fields"] == 3
    assert "P-1" not in machine.journal()
    owner = machine.say("stat -c %U:%a /var/lib/edgeall/edgeall.sqlite3")
    assert owner == "edgeall:600"


def test_a_killed_service_is_started_again_and_its_slide_goes_on(machine):
    machine.until(ACTIVE)
    machine.say("edgeall slide begin S")
    drop(machine, 0, 1)
    until_fields(machine, 2)
    machine.say("systemctl kill -s KILL edgeall")
    until_fields(machine, 2)
    assert machine.say("systemctl show -P NRestarts edgeall") == "1"
    drop(machine, 2)
    until_fields(machine, 3)
    assert status(machine)["state"] == "reading"


def test_a_service_that_hangs_is_ended_by_the_watchdog_and_goes_on(machine):
    machine.until(ACTIVE)
    machine.say("edgeall slide begin S")
    drop(machine, 0)
    until_fields(machine, 1)
    machine.say("systemctl kill -s STOP edgeall")
    machine.until("test $(systemctl show -P NRestarts edgeall) = 1", within_s=90)
    assert "watchdog" in machine.journal().lower()
    until_fields(machine, 1)


def test_settings_are_taken_up_without_a_restart(machine):
    machine.until(ACTIVE)
    before = machine.say("systemctl show -P MainPID edgeall")
    machine.say(
        "mkdir -p /var/lib/edgeall/other && chown edgeall: /var/lib/edgeall/other && "
        "sed -i s,/incoming,/other, /etc/edgeall/edgeall.toml && systemctl reload edgeall"
    )
    machine.until("edgeall status --json | grep -q /other")
    assert machine.say("systemctl show -P MainPID edgeall") == before


def test_stopping_takes_two_seconds_at_most_and_keeps_the_slide(machine):
    machine.until(ACTIVE)
    machine.say("edgeall slide begin S")
    drop(machine, 0, 1, 2, 3)
    until_fields(machine, 1)
    took = machine.say("s=$(date +%s%3N); systemctl stop edgeall; echo $(($(date +%s%3N) - s))")
    assert int(took) < 2500
    machine.say("systemctl start edgeall")
    machine.until('edgeall status --json | grep -q \'"slide": "S"\'')


def test_the_service_may_do_only_what_it_needs(machine):
    machine.until(ACTIVE)
    exposure = machine.say("systemd-analyze security --no-pager edgeall | tail -n 1")
    assert float(exposure.split()[-3]) <= 1.5, exposure
    pid = machine.say("systemctl show -P MainPID edgeall")
    limits = machine.say(f"grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/{pid}/status")
    assert limits.split() == ["CapEff:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]


def test_installing_again_changes_nothing(machine):
    machine.until(ACTIVE)
    files = "find /opt/edgeall /etc -type f | sort | xargs md5sum"
    before = machine.say(files)
    machine.say("/opt/bundle/install.sh --camera none --board other")
    assert set(machine.say(files).splitlines()) ^ set(before.splitlines()) == set()


def upgrade_to_broken(machine: Container, how: str) -> str:
    """Run the installer of a bundle whose program is broken; return what it says."""
    machine.copy_in(Path(__file__).with_name("break_wheel.py"), "/root/break_wheel.py")
    machine.say("cp -a /opt/bundle /opt/broken")
    machine.say(f"cd /opt/broken && python3 /root/break_wheel.py {how}")
    done = machine.run("/opt/broken/install.sh --camera none --board other")
    assert done.returncode != 0
    return done.stdout


@pytest.mark.parametrize("how", ["self-test", "start"])
def test_a_broken_upgrade_is_taken_back_and_the_device_reads_on(machine, how):
    machine.until(ACTIVE)
    machine.say("edgeall slide begin S")
    drop(machine, 0)
    until_fields(machine, 1)
    version = machine.say("readlink /opt/edgeall/current")
    said = upgrade_to_broken(machine, how)
    assert version.removeprefix("versions/") in said.splitlines()[-1]
    assert machine.say("readlink /opt/edgeall/current") == version
    machine.until(ACTIVE)
    drop(machine, 1)
    until_fields(machine, 2)
    assert status(machine)["slide"] == "S"


def test_uninstalling_leaves_findings_and_settings(machine):
    machine.until(ACTIVE)
    machine.say("edgeall slide begin S")
    drop(machine, 0)
    until_fields(machine, 1)
    said = machine.say("/opt/bundle/install.sh --uninstall")
    assert "/var/lib/edgeall" in said
    machine.say("test -e /var/lib/edgeall/edgeall.sqlite3 && test -e /etc/edgeall/edgeall.toml")
    machine.say("test ! -e /opt/edgeall && test ! -e /usr/local/bin/edgeall")
    assert machine.run("systemctl cat edgeall").returncode != 0
