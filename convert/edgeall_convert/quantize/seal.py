"""Sealing: network, manifest, golden examples and card become one file that was tried out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import msgspec

from edgeall.camera.decode import decode_image
from edgeall.camera.folder import natural_key
from edgeall.errors import EdgeallError
from edgeall.field.resize import resize
from edgeall.model.archive import append_archive
from edgeall.model.bundle import CARD, LABELS, MANIFEST, open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.manifest import Golden, Manifest, encode, sealed
from edgeall.model.network import Network
from edgeall.model.selftest import self_test
from edgeall.samples import paths
from edgeall.store.durable import write_durably

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels
    from edgeall.model.manifest import InputFacts, OutputFacts

_GOLDEN = 4


def golden_examples(
    network: bytes, taken: InputFacts, output: OutputFacts
) -> tuple[tuple[Golden, ...], dict[str, bytes]]:
    """Return golden examples and the PNG files they name.

    They are made of the public samples, never of the user's images: a bundle
    travels, and no patient's cell may travel with it.
    """
    loaded = Network(network, output)
    examples, files = [], {}
    for number, pixels in enumerate(_sample_inputs(taken)):
        name = f"golden/{number:02d}.png"
        files[name] = _png(pixels)
        examples.append(
            Golden(
                image=name,
                sha256=hashlib.sha256(files[name]).hexdigest(),
                output=tuple(float(value) for value in loaded.raw_output(pixels)),
            )
        )
    return tuple(examples), files


def _sample_inputs(taken: InputFacts) -> list[Pixels]:
    folder = paths.cells_folder() if taken.unit == "cell" else paths.fields_folder()
    found = sorted((p for p in folder.rglob("*") if p.is_file()), key=natural_key)
    chosen = found[:: max(1, len(found) // _GOLDEN)][:_GOLDEN]
    return [resize(decode_image(p), taken.height, taken.width, taken.resize) for p in chosen]


def _png(pixels: Pixels) -> bytes:
    done, encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    if not done:
        raise EdgeallError("A golden example could not be encoded; please report this.")
    return encoded.tobytes()


def seal_bundle(path: Path, network: bytes, manifest: Manifest, card: str) -> None:
    """Write the bundle under its final name once it opened and passed its own self-test.

    The manifest's golden examples, hash and seal are set here.

    Raises
    ------
    BundleError
        The finished file does not work; nothing was written.
    StoreError
        It cannot be written there.
    """
    golden, files = golden_examples(network, manifest.input, manifest.output)
    final = sealed(msgspec.structs.replace(manifest, golden=golden))
    files = {
        MANIFEST: encode(final),
        LABELS: "".join(f"{label}\n" for label in final.output.labels).encode(),
        CARD: card.encode(),
        **files,
    }
    whole = append_archive(network, files)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tflite")
    try:
        write_durably(aside, whole)
        bundle = open_bundle(aside)
        self_test(bundle, Classifier(bundle))
        write_durably(path, whole)
    finally:
        aside.unlink(missing_ok=True)


def hash_of(path: Path) -> str:
    """Return the sha256 of a file, or of a folder's files with their names, in order."""
    digest = hashlib.sha256()
    files: Sequence[Path] = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    for file in files:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size


def card_of(model: Path, manifest: Manifest) -> str:
    """Return the card beside the model (``NAME.card.md``), or one made of the facts."""
    written = model.with_name(f"{model.stem}.card.md")
    if written.exists():
        return written.read_text()
    provenance = manifest.provenance
    limits = "".join(f"- {limit}\n" for limit in provenance.limits) or "- None were stated.\n"
    return (
        f"# {manifest.identity.name} {manifest.identity.version}\n\n"
        f"Labels: {', '.join(manifest.output.labels)}. "
        f"Blasts: {', '.join(manifest.output.blasts) or 'none'}.\n\n"
        f"Data: {provenance.data or 'not stated'}. {provenance.attribution}\n\n"
        f"Split: {provenance.split}.\n\n## Limits\n\n{limits}\n"
        "It supports a skilled morphologist and does not replace one.\n"
    )
