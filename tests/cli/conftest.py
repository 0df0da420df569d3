from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edgeall.__main__ import main
from edgeall.camera.frame import Frame
from edgeall.cells.cell import Box, Cell
from edgeall.field.check import Field
from edgeall.model.call import Call
from edgeall.slide.reading import Proportion, Reading
from edgeall.store.records import BundleRecord, FieldRecord
from edgeall.store.store import Store


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str


Command = Callable[..., Outcome]


@pytest.fixture
def edgeall(monkeypatch, capsys, tmp_path) -> Command:
    """Run a command as the shell would, away from this machine's own settings and store."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["edgeall", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Outcome(int(ended.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def store_folder(tmp_path) -> Path:
    """Return a store with four slides; the third was cut off before its reading."""
    bundle = BundleRecord("b", "1.0", "ab" * 32, '{"output": {"labels": ["normal", "blast"]}}')
    slides = ("S-0001", "S-0002", "=cut", "Jürgen 7")
    with Store.open(tmp_path / "store") as store:
        for slide_id in slides:
            run = store.begin_run(slide_id, "ada", "samples", bundle)
            fields = store.add_fields(run, [_field(0), _field(1)])
            if slide_id != "=cut":
                store.add_reading(run, _reading(slide_id), fields[:1])
    return tmp_path / "store"


def _field(number: int) -> FieldRecord:
    pixels = np.full((48, 64, 3), number, np.uint8)
    taken_at = datetime(2026, 11, 21, 2, 3, tzinfo=UTC)
    frame = Frame(pixels, f"smear/{number}.jpg", number, taken_at, 1.0)
    cell = Cell(Box(1, 2, 3, 4), np.ones((4, 3), np.bool_), 3.9)
    call = Call("blast", 0.93, True, True, (0.07, 0.93))
    return FieldRecord(Field(frame, 9.0, 1.0, 0.0, 0.0, None, ()), ((cell, call),), 0)


def _reading(slide_id: str) -> Reading:
    return Reading(
        slide_id=slide_id,
        unit="cell",
        fields=2,
        fields_not_counted=1,
        counted=1,
        cut_by_border=0,
        repeated=0,
        differential=(("normal", 0), ("blast", 1)),
        unidentified=0,
        blasts=Proportion(1, 1, 1.0, 0.025, 1.0),
        more_needed=35,
        target_width=0.1,
        flags=("too few cells",),
        bundle="b 1.0 (abababababab)",
    )
