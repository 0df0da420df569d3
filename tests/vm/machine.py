"""A whole machine under qemu, ordered over a virtio port, its power within our reach."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from .disk import DataDisk

BOOT_S = 240.0
QUICK = "init=/opt/vm/quick-init"


@dataclass(frozen=True, slots=True)
class Root:
    """What a machine is booted from; it is never written to."""

    image: Path
    kernel: Path
    initrd: Path


@dataclass(frozen=True, slots=True)
class Said:
    """What came of an order: the exit code and the output."""

    code: int
    said: str


class Machine:
    """A booted machine.

    A ``quick`` one leaves systemd out and has a read-only root; its memory can be saved with
    `sleep_into` while the data disk is not mounted, to start the next one from in a second.

    Attributes
    ----------
    told
        The file with what the guest wrote to its acknowledgement port, as it came.
    """

    def __init__(
        self,
        root: Root,
        folder: Path,
        disk: DataDisk,
        *,
        quick: bool = True,
        wake: Path | None = None,
        memory: int = 1024,
        clock: str = "utc",
    ) -> None:
        self.told = folder / "told"
        self.told.write_text("")
        self.console = folder / "console"
        self._disk = disk
        orders, self._monitor = folder / "orders.socket", folder / "monitor.socket"
        for path in (orders, self._monitor):
            path.unlink(missing_ok=True)
        disk.plug_in()
        self._qemu = subprocess.Popen(
            [
                "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi",
                "-cpu", "max", "-smp", "2", "-m", str(memory), "-nodefaults", "-nographic",
                "-no-reboot", "-rtc", f"base={clock}",
                "-kernel", root.kernel, "-initrd", root.initrd,
                "-append", f"root=/dev/vda console=ttyS0 quiet panic=-1 {QUICK if quick else 'rw'}",
                "-serial", f"file:{self.console}",
                "-qmp", f"unix:{self._monitor},server=on,wait=off",
                "-drive", f"file={root.image},format=raw,if=virtio,"
                + ("readonly=on" if quick else "snapshot=on"),
                "-drive", f"file=nbd+unix:///?socket={disk.socket},format=raw,if=virtio",
                "-device", "virtio-serial",
                "-chardev", f"socket,id=orders,path={orders},server=on,wait=off",
                "-device", "virtserialport,chardev=orders,name=edgeall.orders",
                "-chardev", f"file,id=told,path={self.told},append=on",
                "-device", "virtserialport,chardev=told,name=edgeall.told",
                *(["-incoming", f"file:{wake}"] if wake else []),
            ],
        )  # fmt: skip
        self._line = self._connect(orders)
        if wake:
            self.say("true", timeout=60)
        else:
            assert json.loads(self._answer(BOOT_S))["ready"]

    def __enter__(self) -> Self:
        """Return the machine; at the end of the block its power is cut."""
        return self

    def __exit__(self, *_: object) -> None:
        """Cut the power; again does nothing."""
        self.cut_power()

    def sleep_into(self, path: Path) -> None:
        """Save the machine's memory and end it; the data disk must not be mounted."""
        with self._connect(self._monitor) as monitor, monitor.makefile("rw") as lines:
            _ask_qemu(lines, "qmp_capabilities")
            _ask_qemu(lines, "migrate", uri=f"file:{path}")
            while (status := _ask_qemu(lines, "query-migrate")["status"]) != "completed":
                assert status != "failed", "the memory could not be saved"
                time.sleep(0.1)
        self.cut_power()

    def run(self, command: str, *, timeout: float = 120) -> Said:
        """Run a shell command as root."""
        order = {"command": command, "timeout": timeout}
        self._line.sendall(json.dumps(order).encode() + b"\n")
        return Said(**json.loads(self._answer(timeout + 20)))

    def say(self, command: str, *, timeout: float = 120) -> str:
        """Return what a command says; it must end well."""
        done = self.run(command, timeout=timeout)
        assert done.code == 0, f"{command}: {done.code}\n{done.said}"
        return done.said.strip()

    def until(self, command: str, within_s: float = 120) -> str:
        """Wait until a command ends well; return what it said."""
        end = time.monotonic() + within_s
        while (done := self.run(command)).code:
            assert time.monotonic() < end, f"{command}: {done.said}"
            time.sleep(0.5)
        return done.said.strip()

    def until_told(
        self, text: str, within_s: float = 120, *, after: int = 0, times: int = 1
    ) -> None:
        """Wait until a text appears so many times behind a place in what was told."""
        end = time.monotonic() + within_s
        while self.told.read_text()[after:].count(text) < times:
            assert self._qemu.poll() is None, self.console.read_text(errors="replace")[-2000:]
            assert time.monotonic() < end, f"{text} was not told: {self.told.read_text()[-2000:]}"
            time.sleep(0.05)

    def idle(self, seconds: float) -> None:
        """Let it work for a while."""
        time.sleep(seconds)
        assert self._qemu.poll() is None, self.console.read_text(errors="replace")[-2000:]

    def cut_power(self) -> None:
        """End the machine and its disk's cache at once."""
        self._disk.cut()
        self._qemu.kill()
        self._qemu.wait()
        self._line.close()

    def _connect(self, path: Path) -> socket.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end = time.monotonic() + 20
        while True:
            try:
                line.connect(str(path))
                return line
            except OSError:
                assert self._qemu.poll() is None, "qemu did not start"
                assert time.monotonic() < end, "qemu does not listen"
                time.sleep(0.05)

    def _answer(self, within_s: float) -> bytes:
        self._line.settimeout(within_s)
        answer = b""
        while not answer.endswith(b"\n"):
            part = self._line.recv(65536)
            assert part, self.console.read_text(errors="replace")[-2000:]
            answer += part
        return answer


def _ask_qemu(lines: TextIO, do: str, **arguments: str) -> dict:
    """Give qemu an order by its machine protocol; events that come between are passed over."""
    lines.write(json.dumps({"execute": do, "arguments": arguments}) + "\n")
    lines.flush()
    while True:
        answer = json.loads(lines.readline())
        assert "error" not in answer, answer
        if "return" in answer:
            return answer["return"]
