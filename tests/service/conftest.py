"""A slide under a simulated stage: windows of real pictures, as a camera would see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edgeall.camera.clock import stamp
from edgeall.camera.decode import decode_bytes
from edgeall.model.bundle import Bundle, open_bundle
from edgeall.samples.paths import fields_folder, model_path
from edgeall.service.smear import slide_facts
from edgeall.settings.sections import ReadingAims
from edgeall.store.store import Store

if TYPE_CHECKING:
    from edgeall.camera.frame import Frame
    from edgeall.slide.tally import SlideFacts

WIDTH, HEIGHT = 420, 320
RATE = 10


@dataclass(frozen=True)
class View:
    """Where the stage stands: picture, its corner, how blurred, for how many frames."""

    picture: int
    left: int = 0
    top: int = 0
    blur: float = 0.0
    frames: int = 1


class Stage:
    """A source that shows one view after the other at ten frames a second, without waiting."""

    name = "stage"
    frames_expected: int | None = None
    is_live = True

    def __init__(self, pictures: Sequence[np.ndarray], views: Sequence[View]) -> None:
        self._frames = self._play(pictures, views)

    def read(self) -> Frame | None:
        return next(self._frames, None)

    def close(self) -> None:
        self._frames = iter(())

    def _play(self, pictures: Sequence[np.ndarray], views: Sequence[View]) -> Iterator[Frame]:
        number = 0
        for view in views:
            for _ in range(view.frames):
                yield frame_of(pictures[view.picture], view, number)
                number += 1


def frame_of(picture: np.ndarray, view: View, number: int) -> Frame:
    cut = picture[view.top : view.top + HEIGHT, view.left : view.left + WIDTH]
    if view.blur:
        cut = cv2.GaussianBlur(cut, (0, 0), view.blur)
    grain = np.random.default_rng(number).normal(0, 3, cut.shape)
    pixels = np.clip(cut.astype(np.float32) + grain, 0, 255).astype(np.uint8)
    return replace(stamp(pixels, f"stage, frame {number}", number), monotonic_s=number / RATE)


@pytest.fixture(scope="session")
def pictures() -> list[np.ndarray]:
    return [
        decode_bytes(path.read_bytes(), path.name) for path in sorted(fields_folder().glob("*.jpg"))
    ]


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    return open_bundle(model_path())


@pytest.fixture
def facts(shipped) -> SlideFacts:
    return slide_facts("S-1", shipped, "find", ReadingAims())


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


MakeStage = Callable[..., Stage]


@pytest.fixture
def stage(pictures) -> MakeStage:
    def make(*views: View) -> Stage:
        return Stage(pictures, views)

    return make


@pytest.fixture
def settings_file(tmp_path) -> Path:
    """Return a settings file of a device that watches a folder."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "edgeall.toml"
    path.write_text(
        f'[camera]\nsource = "watch:{tmp_path}/in"\n'
        f'[store]\nfolder = "{tmp_path}/store"\n'
        f'[service]\ncontrol = "{tmp_path}/control.sock"\n'
    )
    return path
