"""The first result: a fresh process from nothing to one call, with the memory it took.

Run as ``python -m edgeall.evaluate.first_result NETWORK [IMAGE]``; prints one
line of JSON. With an image the network is a bundle and the image is
classified; without, the network is invoked once on whatever is in its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec


class FirstResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the fresh process said; the peak is that of its resident memory."""

    peak_bytes: int


def main(arguments: list[str]) -> None:
    """Classify one image and print how much memory that took."""
    if len(arguments) == 2:
        _classify(Path(arguments[0]), Path(arguments[1]))
    else:
        from edgeall.model.runtime import open_interpreter

        open_interpreter(Path(arguments[0])).invoke()
    print(msgspec.json.encode(FirstResult(peak_bytes=peak_bytes())).decode(), flush=True)


def peak_bytes() -> int:
    """Return the most resident memory this process has had.

    The kernel's own figure of this process: ``ru_maxrss`` would start from
    that of the process it was started by.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel names no peak of this process's memory")


def _classify(network: Path, image: Path) -> None:
    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize
    from edgeall.model.bundle import open_bundle
    from edgeall.model.classifier import Classifier

    bundle = open_bundle(network)
    facts = bundle.manifest.input
    pixels = resize(decode_image(image), facts.height, facts.width, facts.resize)
    Classifier(bundle).classify([pixels])


if __name__ == "__main__":
    main(sys.argv[1:])
