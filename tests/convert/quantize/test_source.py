"""What a file is, told without loading it; no TensorFlow here."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import zipfile
from pathlib import Path

import h5py
import pytest

from edgeall.errors import NetworkError
from edgeall_convert.quantize.source import identify

CONFIG = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}


def keras_zip(
    *,
    weights: bool = True,
    config: object = CONFIG,
    text: str | None = None,
    metadata: str = '{"keras_version": "3.15.1"}',
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("config.json", text or json.dumps(config))
        opened.writestr("metadata.json", metadata)
        if weights:
            opened.writestr("model.weights.h5", b"weights")
    return buffer.getvalue()


def torch_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("archive/data.pkl", b"")
    return buffer.getvalue()


FOREIGN = {
    "empty.keras": (b"", "the file is empty"),
    "text.keras": (b"hello, I am no network", "no trained network"),
    "torch.pt": (torch_zip(), "a PyTorch file"),
    "old.pt": (pickle.dumps(0x1950A86A20F9469CFC6C, 2) + bytes(40), "a PyTorch file"),
    "net": (b"\x08\x07\x12\x07pytorch", "an ONNX file"),
    "pointer.h5": (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "page.h5": (b"\n<!DOCTYPE html><html>", "a web page"),
    "net.tar.gz": (gzip.compress(b"a network", mtime=0), "a compressed archive"),
    "graph": (b"\n\x3b\n\x05input\x12\x0bPlaceholder*", "a frozen TensorFlow 1 graph"),
    "deep.keras": (keras_zip(text="[" * 100_000), "description of the network is damaged"),
    "metadata.keras": (keras_zip(metadata="[]"), "is no network"),
    "model.pkl": (pickle.dumps({"a": 1}), "a Python pickle"),
    "model.json": (b'{"class_name": "Sequential"}', "JSON, a description without weights"),
    "net.tflite": (b"\x1c\x00\x00\x00TFL3" + bytes(40), "a TFLite file already"),
    "frozen.pb": (b"\n\x10\n\x05input", "a frozen TensorFlow 1 graph"),
    "noweights.keras": (keras_zip(weights=False), "saved without its weights"),
    "cut.keras": (keras_zip()[:200], "truncated or damaged"),
    "list.keras": (keras_zip(config=[1]), "is no network"),
    "cut.h5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "HDF5 file is truncated"),
}


@pytest.mark.parametrize(("name", "content", "said"), [(k, *v) for k, v in FOREIGN.items()])
def test_what_is_no_whole_network_is_told_apart(tmp_path: Path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=said) as caught:
        identify(path)
    assert str(path) in str(caught.value)


def hdf5(path: Path, *, config: bool, weights: bool) -> Path:
    with h5py.File(path, "w") as opened:
        if config:
            opened.attrs["model_config"] = json.dumps(CONFIG)
            opened.attrs["keras_version"] = "2.4.0"
        group = opened.create_group("model_weights")
        if weights:
            group.create_dataset("kernel", data=[1.0])
    return path


def test_weights_without_a_network_are_named(tmp_path):
    with pytest.raises(NetworkError, match="holds weights but no network"):
        identify(hdf5(tmp_path / "w.h5", config=False, weights=True))


def test_a_network_without_weights_is_named(tmp_path):
    with pytest.raises(NetworkError, match="saved without its weights"):
        identify(hdf5(tmp_path / "n.h5", config=True, weights=False))


@pytest.mark.parametrize("kind", ["link", "data"])
def test_weights_that_lie_in_another_file_are_not_read(tmp_path, kind):
    """Reading them would put any file of this machine into the network."""
    path = hdf5(tmp_path / "n.h5", config=True, weights=True)
    (tmp_path / "secret").write_bytes(bytes(64))
    with h5py.File(path, "a") as opened:
        if kind == "link":
            opened["model_weights/bias"] = h5py.ExternalLink("other.h5", "/x")
        else:
            opened.create_dataset(
                "model_weights/bias", (8,), "f8", external=str(tmp_path / "secret")
            )
    with pytest.raises(NetworkError, match="model_weights/bias in it is read from another file"):
        identify(path)


def test_whole_networks_are_recognised_whatever_they_are_called(tmp_path):
    old = identify(hdf5(tmp_path / "model.dat", config=True, weights=True))
    assert (old.kind, old.keras_version) == ("legacy HDF5", "2.4.0")
    (tmp_path / "model.bin").write_bytes(keras_zip())
    assert identify(tmp_path / "model.bin").kind == "Keras 3"


def test_folders_are_told_apart(tmp_path):
    with pytest.raises(NetworkError, match="no SavedModel"):
        identify(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(NetworkError, match="without its weights"):
        identify(tmp_path)
    with pytest.raises(NetworkError, match="no such file"):
        identify(tmp_path / "absent")
