"""The inputs: labelled images decoded and resized ahead of the network, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from edgeall.camera.decode import decode_image
from edgeall.errors import ImageError
from edgeall.field.resize import resize

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import InputFacts

DECODERS = 2
"""Threads that decode while the network runs; OpenCV lets go of Python's lock."""

_AHEAD = 8
"""Images decoded ahead: enough to hide a slow one, few enough for a small memory."""


def read_inputs(
    paths: Sequence[Path],
    facts: InputFacts,
    *,
    grayscale_allowed: bool = False,
    decoders: int = DECODERS,
) -> Iterator[Pixels | ImageError]:
    """Yield each image whole, resized to the network's input, in the order of ``paths``.

    An image that cannot be read yields its `ImageError` in its place.
    """

    def read(path: Path) -> Pixels | ImageError:
        try:
            pixels = decode_image(path, grayscale_allowed=grayscale_allowed)
        except ImageError as error:
            return error
        return resize(pixels, facts.height, facts.width, facts.resize)

    pool = ThreadPoolExecutor(decoders, thread_name_prefix="decode")
    try:
        waiting: deque[Future[Pixels | ImageError]] = deque()
        for path in paths:
            waiting.append(pool.submit(read, path))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
