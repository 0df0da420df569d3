"""Reading a folder of frames, decode and store included, against the bare interpreter."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from networks import prepare
from table import Row, show

from edgeall.camera.decode import decode_image
from edgeall.camera.folder import list_images
from edgeall.camera.open import open_camera
from edgeall.camera.source import CameraSettings
from edgeall.field.resize import resize
from edgeall.model.bundle import Bundle, open_bundle
from edgeall.model.classifier import Classifier
from edgeall.samples.paths import fields_folder
from edgeall.service.keep import StoreKeeper
from edgeall.service.smear import read_smear, slide_facts
from edgeall.settings.sections import ReadingAims
from edgeall.store.store import Store

FRAMES = 96
ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    _, path = prepare("resnet50", parser.parse_args().folder)
    bundle = open_bundle(path)
    with tempfile.TemporaryDirectory() as scratch:
        frames = _write_frames(Path(scratch) / "frames")
        ready = [_input(frame, bundle) for frame in list_images(frames)]
        pairs = [
            (_bare(bundle, ready), _whole(bundle, frames, Path(scratch) / f"store{turn}"))
            for turn in range(ROUNDS)
        ]
    bare, whole = np.median(np.array(pairs), axis=0)
    ratio = float(np.median([b / a for a, b in pairs]))
    show(
        f"{FRAMES} JPEG frames of 640x480 with ResNet50 int8, unit: field",
        [
            Row("bare invoke", f"{bare / FRAMES * 1000:.1f} ms a frame"),
            Row("decode, check, read, store", f"{whole / FRAMES * 1000:.1f} ms a frame"),
            Row("ratio, median of pairs", f"{ratio:.2f}", "at most 1.15", ratio <= 1.15),
        ],
    )


def _write_frames(folder: Path) -> Path:
    """Write frames that differ by a pixel each, so that the store keeps every one."""
    folder.mkdir()
    samples = [cv2.imread(str(path)) for path in list_images(fields_folder())]
    for number in range(FRAMES):
        picture = samples[number % len(samples)].copy()
        picture[:8, :8] = number * 2
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), picture)
    return folder


def _input(path: Path, bundle: Bundle) -> np.ndarray:
    taken = bundle.manifest.input
    return resize(decode_image(path), taken.height, taken.width)


def _bare(bundle: Bundle, ready: list[np.ndarray]) -> float:
    classifier = Classifier(bundle)
    began = time.perf_counter()
    for pixels in ready:
        classifier.raw_output(pixels)
    return time.perf_counter() - began


def _whole(bundle: Bundle, frames: Path, store_folder: Path) -> float:
    classifier = Classifier(bundle)
    with Store.open(store_folder) as store:
        keeper = StoreKeeper(store, slide_id="b", operator="", source="frames", bundle=bundle)
        began = time.perf_counter()
        smear = read_smear(
            open_camera(str(frames), CameraSettings()),
            bundle,
            classifier,
            keeper,
            lambda item: None,
            facts=slide_facts("b", bundle, "find", ReadingAims()),
        )
        took = time.perf_counter() - began
    if smear.reading is None or smear.reading.fields != FRAMES:
        raise SystemExit("not every frame was read")
    return took


if __name__ == "__main__":
    main()
