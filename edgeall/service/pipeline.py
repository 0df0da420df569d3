"""The pipeline: decoding and storing go on while the network runs.

::

    prepare thread            caller's thread        keep thread
    source.read, check,  ──►  classify          ──►  keep (durable), then notify
    find, crop

The queues between are short, so that a slow disk slows the camera down
instead of filling the memory. A field is notified only after it was kept:
nothing is shown that a power cut could take back.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from edgeall.camera.frame import Pixels
from edgeall.errors import ImageError
from edgeall.model.call import Call

if TYPE_CHECKING:
    from edgeall.camera.source import Source
    from edgeall.service.prepare import Prepared, Preparer

_WAITING = 2
"""Fields that may wait between two stages; a 12-megapixel frame takes 36 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadField:
    """A field with the calls of its cells, in the same order."""

    prepared: Prepared
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a slide is done: after so many frames, or so many cells in fields that count."""

    frames: int | None = None
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: by itself, by hand (Ctrl-C), or by a failure of a stage."""

    by_hand: bool
    failure: Exception | None


_LAST_FRAME_S = 12.0
"""How long a camera may take over its last frame; V4L2 itself gives up after 10 s."""

_LAST_KEEPING_S = 60.0
"""How long a slow disk may take over the last fields."""

Classify: TypeAlias = Callable[[Sequence[Pixels]], list[Call]]
Keep: TypeAlias = Callable[[Sequence[ReadField]], None]
Notify: TypeAlias = Callable[[ReadField | ImageError], None]


def run(
    source: Source,
    prepare: Preparer,
    classify: Classify,
    keep: Keep,
    notify: Notify,
    limits: Limits,
) -> Ended:
    """Read frames until the source ends, a limit is met, a stage fails, or Ctrl-C.

    ``keep`` and ``notify`` are called from the keep thread, in the frames'
    order; unreadable files go to ``notify`` as the error they raised. What was
    read before a failure or Ctrl-C has been kept and notified on return.
    """
    stop = threading.Event()
    supply = _Supply(source, prepare, stop)
    keeper = _Keeper(keep, notify, stop)
    supply.start()
    keeper.start()
    by_hand, failure = False, None
    try:
        _classify_all(supply, classify, keeper.waiting, limits)
    except KeyboardInterrupt:
        by_hand = True
    except Exception as error:  # of any stage: what was read is kept before it is raised
        failure = error
    finally:
        stop.set()
        keeper.ending()
        _outlive(keeper, _LAST_KEEPING_S)
        _outlive(supply, _LAST_FRAME_S)
    return Ended(by_hand, keeper.failure or failure)


def _outlive(thread: threading.Thread, seconds: float) -> None:
    """Wait for a thread to end, also under further Ctrl-C.

    Python aborts where it ends while a thread is inside OpenCV or is printing.
    """
    end = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < end:
        try:
            thread.join(0.1)
        except KeyboardInterrupt:
            continue


class _Supply(threading.Thread):
    """Reads and prepares; puts fields, unreadable files, its own failure, and None at the end."""

    def __init__(self, source: Source, prepare: Preparer, stop: threading.Event) -> None:
        # A camera may block in read() for ever: leaving must not wait for that.
        super().__init__(name="prepare", daemon=True)
        self.ready: queue.Queue[Prepared | Exception | None] = queue.Queue(_WAITING)
        self._source, self._prepare, self._stop_asked = source, prepare, stop

    def run(self) -> None:
        while not self._stop_asked.is_set():
            item = self._next()
            self._put(item)
            if item is None or (isinstance(item, Exception) and not isinstance(item, ImageError)):
                return

    def take(self) -> Prepared | Exception | None:
        """Return what is ready next; None at the end and once a stop was asked for."""
        while not self._stop_asked.is_set():
            try:
                return self.ready.get(timeout=0.1)
            except queue.Empty:
                continue
        return None

    def _next(self) -> Prepared | Exception | None:
        try:
            frame = self._source.read()
            return None if frame is None else self._prepare(frame)
        except Exception as error:  # handed over to be raised in the caller's thread
            return error

    def _put(self, item: Prepared | Exception | None) -> None:
        while not self._stop_asked.is_set():
            try:
                return self.ready.put(item, timeout=0.1)
            except queue.Full:
                continue


class _Keeper(threading.Thread):
    """Keeps fields as they come, several at once where they have piled up."""

    def __init__(self, keep: Keep, notify: Notify, stop: threading.Event) -> None:
        # A disk may hang for ever: leaving must not wait for that.
        super().__init__(name="keep", daemon=True)
        self.waiting: queue.Queue[ReadField | ImageError | None] = queue.Queue(_WAITING)
        self.failure: Exception | None = None
        self._keep, self._notify, self._stop_asked = keep, notify, stop

    def run(self) -> None:
        ended = False
        while not ended:
            batch = self._batch()
            ended = batch[-1] is None
            if self.failure is None:
                self._keep_and_notify([item for item in batch if item is not None])

    def ending(self) -> None:
        """Let it keep what still waits, then end."""
        self.waiting.put(None)

    def _batch(self) -> list[ReadField | ImageError | None]:
        batch = [self.waiting.get()]
        while batch[-1] is not None:
            try:
                batch.append(self.waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _keep_and_notify(self, batch: Sequence[ReadField | ImageError]) -> None:
        try:
            if fields := [item for item in batch if isinstance(item, ReadField)]:
                self._keep(fields)
            for item in batch:
                self._notify(item)
        except Exception as error:  # raised in the caller's thread, by way of `failure`
            self.failure = error
            self._stop_asked.set()


def _classify_all(
    supply: _Supply,
    classify: Classify,
    waiting: queue.Queue[ReadField | ImageError | None],
    limits: Limits,
) -> None:
    frames = cells = 0
    while (item := supply.take()) is not None:
        if isinstance(item, ImageError):
            waiting.put(item)
            continue
        if isinstance(item, Exception):
            raise item
        waiting.put(ReadField(item, tuple(classify(item.inputs))))
        frames += 1
        cells += len(item.cells) if item.field.counts else 0
        if _reached(frames, limits.frames) or _reached(cells, limits.cells):
            return


def _reached(count: int, limit: int | None) -> bool:
    return limit is not None and count >= limit
