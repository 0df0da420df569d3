"""Read fields and back them up until killed; a script, run by the tests.

Each line on stdout is the number of a backup that is complete.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from write_fields import BUNDLE, field

from edgeall.store import backup
from edgeall.store.store import Store


def write(folder: Path, stick: Path, seed: int) -> None:
    """Add a few fields and back up, without end."""
    # A small piece makes many of a small database.
    backup.PIECE_BYTES = 8192
    random = np.random.default_rng(seed)
    while True:
        with Store.open(folder) as store:
            run = store.begin_run(f"S-{seed}", "", "made", BUNDLE)
            store.add_fields(run, [field(random, 64) for _ in range(5)])
        done = backup.back_up(folder, stick, b"secret", 3)
        print(done.number, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
