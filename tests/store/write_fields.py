"""Write fields to a store until killed; a script, run by the tests.

Each line on stdout acknowledges what was stored: a run's number, or a field's
and the sha256 of its picture.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from edgeall.camera.frame import Frame
from edgeall.field.check import Field
from edgeall.model.call import Call
from edgeall.store.records import BundleRecord, FieldRecord
from edgeall.store.store import Store

BUNDLE = BundleRecord("b", "1", "ab" * 32, '{"output": {"labels": ["normal", "blast"]}}')
CALL = Call("blast", 0.9, True, True, (0.1, 0.9))


def field(random: np.random.Generator, side: int) -> FieldRecord:
    """Return a field with a picture that no other has."""
    pixels = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
    jpeg = cv2.imencode(".jpg", pixels)[1].tobytes()
    frame = Frame(pixels, "made", 0, datetime(2026, 1, 1, tzinfo=UTC), 0.0, encoded=jpeg)
    return FieldRecord(Field(frame, 1.0, 1.0, 0.0, 0.0, None, ()), ((None, CALL),) * 3, 0)


def write(folder: Path, seed: int, side: int, acknowledge: Callable[..., None]) -> None:
    """Write runs of five batches, of one to three fields each, without end."""
    random = np.random.default_rng(seed)
    with Store.open(folder) as store:
        while True:
            run = store.begin_run(f"S-{seed}", "", "made", BUNDLE)
            acknowledge("run", run)
            for _, size in zip(range(5), itertools.cycle((1, 2, 3)), strict=False):
                fields = [field(random, side) for _ in range(size)]
                numbers = store.add_fields(run, fields)
                for number, record in zip(numbers, fields, strict=True):
                    digest = hashlib.sha256(record.field.frame.encoded or b"").hexdigest()
                    acknowledge("field", number, digest)


def say(*words: object) -> None:
    """Acknowledge on stdout, at once."""
    print(*words, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), say)
