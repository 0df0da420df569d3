"""Run in the container: breaks the wheel of edgeall in a bundle, as the first argument says."""

import base64
import hashlib
import sys
import zipfile
from pathlib import Path

HOW = sys.argv[1]
TARGETS = {
    # The self-test computes something else than the workstation did.
    "self-test": (
        "edgeall/model/selftest.py",
        b"\n\ndef self_test(*_):\n    raise SystemExit(3)\n",
    ),
    # The self-test passes, but the service dies when it starts.
    "start": ("edgeall/service/serve.py", b"\n\ndef serve(load):\n    raise SystemExit(70)\n"),
}


def main() -> None:
    (wheel,) = Path("wheels").glob("edgeall-*.whl")
    place, addition = TARGETS[HOW]
    with zipfile.ZipFile(wheel) as held:
        files = {entry.filename: held.read(entry) for entry in held.infolist()}
    files[place] += addition
    record = next(name for name in files if name.endswith(".dist-info/RECORD"))
    lines = []
    for line in files[record].decode().splitlines():
        if line.startswith(f"{place},"):
            digest = base64.urlsafe_b64encode(hashlib.sha256(files[place]).digest()).rstrip(b"=")
            line = f"{place},sha256={digest.decode()},{len(files[place])}"
        lines.append(line)
    files[record] = "\n".join(lines).encode() + b"\n"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in files.items():
            written.writestr(name, data)
    _write_sums()


def _write_sums() -> None:
    sums = Path("SHA256SUMS")
    names = [line.split("  ", 1)[1] for line in sums.read_text().splitlines()]
    sums.write_text(
        "".join(f"{hashlib.sha256(Path(n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    )


main()
