"""A booted Debian in a container: systemd as it is, without the hardware."""

from __future__ import annotations

import shlex
import subprocess
import time
from pathlib import Path
from typing import IO

BOOT_S = 120.0
_STOP_S = 40.0
_ENVIRONMENT = "export PATH=/usr/local/bin:/usr/bin:/usr/sbin HOME=/root"


class Container:
    """A root folder booted with systemd-nspawn; with ``volatile`` nothing is written to it."""

    def __init__(self, root: Path, log: Path, *, volatile: bool) -> None:
        self.root = root
        self._log: IO[bytes] = log.open("wb")
        # Without a system manager outside, as on a build machine, neither scope nor registration.
        self._nspawn = subprocess.Popen(
            [
                "systemd-nspawn", "--quiet", "--boot", "--directory", str(root),
                "--keep-unit", "--register=no", "--link-journal=no",
                *(["--volatile=overlay"] if volatile else []),
            ],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            self._leader = self._wait_for_leader()
            self.until("systemctl is-system-running | grep -E 'running|degraded'", BOOT_S)
        except BaseException:
            self._nspawn.kill()
            raise

    def run(self, command: str, *, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a shell command inside, as root; its output is one text."""
        return subprocess.run(
            ["nsenter", "--target", str(self._leader), "--all", "--wdns=/root",
             "/bin/sh", "-c", f"{_ENVIRONMENT}; {command}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip

    def say(self, command: str, *, timeout: float = 300) -> str:
        """Return what a command says; it must end well."""
        done = self.run(command, timeout=timeout)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout.strip()

    def until(self, command: str, within_s: float = 60) -> str:
        """Wait until a command ends well; return what it said."""
        end = time.monotonic() + within_s
        while True:
            done = self.run(command)
            if done.returncode == 0:
                return done.stdout.strip()
            assert time.monotonic() < end, f"{command}: {done.stdout}\n{self.journal()}"
            time.sleep(0.3)

    def journal(self) -> str:
        """Return what the service logged."""
        return self.run("journalctl -u edgeall --no-pager -n 60").stdout

    def copy_in(self, path: Path, place: str) -> None:
        """Copy a file into the running container."""
        quoted = shlex.quote(place)
        with path.open("rb") as opened:
            subprocess.run(
                ["nsenter", "--target", str(self._leader), "--all", "/bin/sh", "-c",
                 f"cat > {quoted}.part && mv {quoted}.part {quoted}"],
                stdin=opened, check=True,
            )  # fmt: skip

    def stop(self) -> None:
        """Power it off; pull the plug where that takes too long."""
        self.run("systemctl poweroff")
        try:
            self._nspawn.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        self._log.close()

    def _wait_for_leader(self) -> int:
        """Return the process id of the container's own first process."""
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        end = time.monotonic() + BOOT_S
        while time.monotonic() < end:
            assert self._nspawn.poll() is None, Path(self._log.name).read_text(errors="replace")
            for child in children.read_text().split():
                if _is_init(int(child)):
                    return int(child)
            time.sleep(0.1)
        raise AssertionError("the container did not start")


def _is_init(pid: int) -> bool:
    """Tell the container's systemd from the children that only prepare it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return lines["Name"].strip() == "systemd" and lines["NSpid"].split()[-1] == "1"
