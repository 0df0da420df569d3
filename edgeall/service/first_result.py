"""The first result: a fresh process from nothing to one picture read, and the memory it took.

Run as ``python -m edgeall.service.first_result NETWORK [IMAGE CROPPING UM_PER_PIXEL]``;
prints one line of JSON. With an image the network is a bundle and the image is
read as ``edgeall capture`` reads it; without, the network is invoked once on
whatever is in its input.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec


class FirstResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the fresh process said; the peak is that of its resident memory."""

    peak_bytes: int


def main(arguments: list[str]) -> None:
    """Read one picture and print how much memory that took."""
    if len(arguments) == 4:
        network, image, cropping, scale = arguments
        _read(Path(network), Path(image), cropping, float(scale) if scale else None)
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


def _read(network: Path, image: Path, cropping: str, um_per_pixel: float | None) -> None:
    from edgeall.camera.decode import decode_image
    from edgeall.model.bundle import open_bundle
    from edgeall.model.classifier import Classifier
    from edgeall.service.benchmark import frame_of
    from edgeall.service.prepare import make_preparer

    bundle = open_bundle(network)
    prepare = make_preparer(bundle.manifest, "none" if cropping == "none" else "find")
    prepared = prepare(frame_of(decode_image(image), image, um_per_pixel))
    Classifier(bundle).classify(prepared.inputs)


if __name__ == "__main__":
    main(sys.argv[1:])
