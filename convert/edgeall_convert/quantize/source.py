"""What kind of file a trained network is, told by its content, without loading it."""

from __future__ import annotations

import json
import pickletools
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import h5py

from edgeall.errors import NetworkError

Kind: TypeAlias = Literal["Keras 3", "legacy HDF5", "SavedModel"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_OLD_PYTORCH = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
_ONNX = re.compile(rb"\x08[\x01-\x20]\x12[\x01-\x30][a-zA-Z]{3}")
"""Its version, and then the name of what wrote it."""

_SAVE_WHOLE = 'save the whole model with model.save("NAME.keras") and convert that'


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder that holds a whole trained network.

    ``config`` is Keras' own description of it, None for a SavedModel;
    ``keras_version`` is that of the Keras which saved it, where it says so.
    """

    path: Path
    kind: Kind
    config: dict[str, Any] | None
    keras_version: str = ""


def identify(path: Path) -> Source:
    """Tell what a file or folder is.

    Raises
    ------
    NetworkError
        It is absent, unreadable, truncated, of another kind, has no weights,
        or nothing but weights.
    """
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as opened:
            head = opened.read(64)
    except FileNotFoundError:
        raise NetworkError(f"{path}: there is no such file; check the name.") from None
    except OSError as error:
        raise NetworkError(
            f"{path}: it cannot be read ({error.strerror}); check its permissions."
        ) from error
    if not head:
        raise NetworkError(f"{path}: the file is empty; copy or save the model again.")
    if head.startswith(_HDF5):
        return _hdf5(path)
    if head.startswith(_ZIP):
        return _zip(path)
    raise NetworkError(f"{path}: {_foreign(path, head)}.")


def _folder(path: Path) -> Source:
    if not (path / "saved_model.pb").is_file():
        raise NetworkError(
            f"{path}: this folder is no SavedModel (it has no saved_model.pb); "
            "name a .keras or .h5 file, or the folder that tf.saved_model.save wrote."
        )
    if not list((path / "variables").glob("variables.data*")):
        raise NetworkError(
            f"{path}: this SavedModel was saved without its weights (variables/ is empty); "
            "copy the whole folder."
        )
    return Source(path, "SavedModel", None)


def _hdf5(path: Path) -> Source:
    try:
        with h5py.File(path, "r") as opened:
            config, version = opened.attrs.get("model_config"), opened.attrs.get("keras_version")
            groups = set(opened)
            elsewhere = _data_elsewhere(opened)
            weighted = "model_weights" in groups and _holds_array(opened["model_weights"])
    except (OSError, RuntimeError, KeyError) as error:
        raise NetworkError(
            f"{path}: the HDF5 file is truncated or damaged; copy or save the model again."
        ) from error
    if elsewhere:
        raise NetworkError(
            f"{path}: {elsewhere} in it is read from another file, which no network of Keras "
            f"needs; {_SAVE_WHOLE}."
        )
    if config is None:
        raise NetworkError(
            f"{path}: it holds weights but no network (it was saved with save_weights); "
            f"{_SAVE_WHOLE}."
        )
    if not weighted:
        raise NetworkError(f"{path}: the network was saved without its weights; {_SAVE_WHOLE}.")
    return Source(path, "legacy HDF5", _json(_text(config), path), _text(version or ""))


def _data_elsewhere(opened: Any) -> str:
    """Name what an HDF5 file takes from another one: any file of this machine could be read."""
    found: list[str] = []

    def note_link(name: str, link: object) -> None:
        if isinstance(link, h5py.ExternalLink):
            found.append(name)

    def note_data(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            found.append(name)

    opened.visititems_links(note_link)
    opened.visititems(note_data)
    return found[0] if found else ""


def _holds_array(group: Any) -> bool:
    found: list[str] = []
    group.visititems(
        lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
    )
    return bool(found)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _zip(path: Path) -> Source:
    try:
        with zipfile.ZipFile(path) as opened:
            names = set(opened.namelist())
            if "config.json" not in names:
                raise NetworkError(f"{path}: {_foreign_zip(names)}.")
            config = _json(opened.read("config.json").decode(), path)
            described = opened.read("metadata.json").decode() if "metadata.json" in names else "{}"
            metadata = _json(described, path)
            broken = opened.testzip()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise NetworkError(
            f"{path}: the file is truncated or damaged; copy or save the model again."
        ) from error
    if broken:
        raise NetworkError(f"{path}: {broken} inside it is damaged; copy or save the model again.")
    if not any(name.startswith("model.weights") for name in names):
        raise NetworkError(f"{path}: the network was saved without its weights; {_SAVE_WHOLE}.")
    return Source(path, "Keras 3", config, str(metadata.get("keras_version", "")))


def _json(text: str, path: Path) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NetworkError(
            f"{path}: its description of the network is damaged; save the model again."
        ) from error
    if not isinstance(parsed, dict):
        raise NetworkError(f"{path}: its description is no network; save the model again.")
    return parsed


def _foreign_zip(names: set[str]) -> str:
    if any(name.endswith("data.pkl") for name in names):
        return f"this is a PyTorch file; build the network in Keras, then {_SAVE_WHOLE}"
    if any(name.endswith((".h5", ".keras", "saved_model.pb")) for name in names):
        return "this is an archive with a model in it; unpack it and name the model"
    return f"this zip archive holds no Keras model; {_SAVE_WHOLE}"


def _foreign(path: Path, head: bytes) -> str:
    """Name a file that is neither a zip archive nor HDF5, by its first bytes."""
    if head[4:8] == b"TFL3":
        return (
            "this is a TFLite file already; to bundle it convert the trained model it was made "
            "from, or run it with edgeall capture and the flags for a plain .tflite"
        )
    if head.startswith(b"version https://git-lfs"):
        return "this is the pointer of Git LFS instead of the file; fetch it with git lfs pull"
    if head.lstrip()[:5].lower() in (b"<!doc", b"<html", b"<?xml"):
        return "this is a web page that was saved instead of the file; download it again"
    if head.startswith(b"\x1f\x8b") or path.suffix.lower() == ".tar":
        return "this is a compressed archive; unpack it and name the model in it"
    if path.name == "saved_model.pb":
        return "this is one file of a SavedModel; name the folder it lies in"
    if path.suffix.lower() == ".onnx" or _ONNX.match(head):
        return (
            f"this is an ONNX file; convert the Keras model that it was made from, or {_SAVE_WHOLE}"
        )
    if path.suffix.lower() == ".pb" or (head[:1] == b"\n" and b"Placeholder" in head):
        return (
            f"this is a frozen TensorFlow 1 graph; rebuild the network in Keras and {_SAVE_WHOLE}"
        )
    if head.lstrip().startswith((b"{", b"[")):
        return f"this is JSON, a description without weights at best; {_SAVE_WHOLE}"
    if _OLD_PYTORCH in head:
        return f"this is a PyTorch file; build the network in Keras, then {_SAVE_WHOLE}"
    if _is_pickle(head):
        return f"this is a Python pickle, which could run any code when loaded; {_SAVE_WHOLE}"
    return f"this is no trained network that can be read; {_SAVE_WHOLE}"


def _is_pickle(head: bytes) -> bool:
    if head[:1] != b"\x80" or head[1] > 5:
        return False
    try:
        next(pickletools.genops(head))
    except ValueError:
        return False
    return True
