"""Run in the guest: does as the host orders, one JSON line each way over a virtio port."""

import json
import os
import subprocess
from pathlib import Path

ORDERS = "edgeall.orders"


def port(name: str) -> str:
    """Return the device of a port: without udev, on a quick boot, it has no link of its name."""
    for entry in Path("/sys/class/virtio-ports").iterdir():
        if (entry / "name").read_text().strip() == name:
            return f"/dev/{entry.name}"
    raise SystemExit(f"{name}: this machine has no such port")


def obey(order: dict) -> dict:
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", order["command"]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=order["timeout"],
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return {"code": 124, "said": (late.stdout or b"").decode(errors="replace")}
    return {"code": done.returncode, "said": done.stdout.decode(errors="replace")}


def main() -> None:
    os.environ["PATH"] = "/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"
    # Unbuffered: an answer must leave at once.
    with open(port(ORDERS), "r+b", buffering=0) as line:
        line.write(b'{"ready": true}\n')
        waiting = b""
        while True:
            waiting += line.read(65536)
            while b"\n" in waiting:
                order, waiting = waiting.split(b"\n", 1)
                line.write(json.dumps(obey(json.loads(order))).encode() + b"\n")


main()
