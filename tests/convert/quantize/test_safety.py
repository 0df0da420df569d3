"""What could run code is refused by name, and what only computes is not."""

from __future__ import annotations

import inspect
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import NetworkError
from edgeall_convert.quantize.known_parts import is_known_class
from edgeall_convert.quantize.safety import refuse_unsafe, unsafe_parts
from edgeall_convert.quantize.source import Source, identify


def source_of(*layers: object, **more: object) -> Source:
    config = {"class_name": "Functional", "config": {"layers": list(layers)}, **more}
    return Source(Path("m.keras"), "Keras 3", config)


def layer(kind: str, module: str | None = "keras.layers", **config: object) -> dict[str, object]:
    return {"class_name": kind, "module": module, "config": config, "registered_name": None}


def function(name: object, module: str = "builtins", registered: str = "function") -> Any:
    return {
        "class_name": "function",
        "module": module,
        "config": name,
        "registered_name": registered,
    }


def graph_layer(function: str) -> Any:
    return {"class_name": "TFOpLambda", "config": {"function": function}}


def old_graph_layer(node: object) -> Any:
    return {"class_name": "TensorFlowOpLayer", "config": {"name": "op", "node_def": node}}


UNSAFE = {
    "a Lambda": (layer("Lambda", name="evil"), "Lambda evil"),
    "a Lambda inside a nested network": (
        layer("Sequential", name="base", layers=[layer("Lambda", name="deep")]),
        "Lambda deep",
    ),
    "a legacy Lambda": ({"class_name": "Lambda", "config": {"name": "old"}}, "Lambda old"),
    "a Python lambda as activation": (
        layer("Dense", activation={"class_name": "__lambda__", "config": {"value": "4wAA"}}),
        "__lambda__",
    ),
    "bytecode in a wrapper of cells": (
        layer("RNN", cell={"class_name": "ResidualWrapper", "config": {"residual_fn": ["4wAA"]}}),
        "ResidualWrapper",
    ),
    "another saved model": (layer("TFSMLayer", filepath="/x"), "TFSMLayer"),
    "a pickled PyTorch module": (layer("TorchModuleWrapper"), "TorchModuleWrapper"),
    "a layer of one's own": (layer("Mine", "my.package", name="m"), "custom Mine m"),
    "one that was registered": (
        {"class_name": "Dense", "config": {}, "registered_name": "Pack>Dense"},
        "Dense",
    ),
    "one without a module": (
        {"class_name": "Mine", "config": {}, "module": None, "registered_name": "Mine"},
        "custom Mine",
    ),
    "a gadget of builtins": (layer("eval", "builtins"), "custom eval"),
    "a function of builtins": (function("exec"), "function exec"),
    "os.system": (function("system", "os"), "function system"),
    "a download": (function("get_file", "keras.utils"), "function get_file"),
    "a switch": (function("enable_unsafe_deserialization", "keras.config"), "function enable_"),
    "a loader": (function("load_model", "keras.models"), "function load_model"),
    "a function under another name": (
        function("relu", "keras.src.utils.file_utils", "extract_archive"),
        "function relu",
    ),
    "a layer disguised as a function": (function({"function": "x"}, "keras", "Lambda"), "function"),
    "a class under another name": (
        {**layer("Dense", "keras.src.utils.file_utils"), "registered_name": "urlretrieve"},
        "Dense",
    ),
    "a literal of another module": (layer("slice", "os"), "custom slice"),
    "a function that reads": (graph_layer("io.read_file"), "TFOpLambda io.read_file"),
    "a function that loads": (graph_layer("load_library"), "TFOpLambda load_library"),
    "a raw operation": (graph_layer("raw_ops.WriteFile"), "TFOpLambda raw_ops.WriteFile"),
    "an operation that writes": (old_graph_layer('{"op": "WriteFile"}'), "WriteFile"),
    "an operation that cannot be read": (old_graph_layer("op: Mul"), "TensorFlowOpLayer op"),
    "a method of what the file names": (layer("ClassMethod", None), "ClassMethod"),
    "a vocabulary in another file": (
        layer("StringLookup", vocabulary="/etc/passwd"),
        "StringLookup, which reads /etc/passwd",
    ),
    "a loss of a nested network": (
        layer("Sequential") | {"compile_config": {"loss": function("system", "os")}},
        "function system",
    ),
}


@pytest.mark.parametrize(("part", "named"), UNSAFE.values(), ids=UNSAFE)
def test_what_could_run_code_is_refused_by_name(part, named):
    with pytest.raises(NetworkError, match="--trust-model") as caught:
        refuse_unsafe(source_of(part), trust_model=False)
    assert named in str(caught.value)
    refuse_unsafe(source_of(part), trust_model=True)


@given(st.recursive(st.just(layer("Lambda")), lambda inner: st.lists(inner, min_size=1)))
def test_a_lambda_is_found_at_any_depth(part):
    assert "Lambda" in unsafe_parts(source_of(layer("Dense", anything={"deep": part})))


def test_only_the_first_of_many_are_named():
    parts = [layer("Lambda", name=f"l{number}") for number in range(9)]
    with pytest.raises(NetworkError, match="Lambda l5 and 3 more"):
        refuse_unsafe(source_of(*parts), trust_model=False)


SAFE = {
    "layers": layer("Conv2D", activation="relu", kernel_regularizer=layer("L2", "keras")),
    "a nested network": layer("Functional", "keras.src.models.functional", layers=[]),
    "an operation of Keras 3": {
        **layer("TrueDivide", "keras.src.ops.numpy"),
        "registered_name": "TrueDivide",
    },
    "a layer of an old file": {"class_name": "BatchNormalization", "config": {"name": "bn"}},
    "a function of TensorFlow": graph_layer("math.multiply"),
    "an operator": graph_layer("__operators__.add"),
    "an operation of TensorFlow 2.2": old_graph_layer('{"op": "RealDiv"}'),
    "an activation": layer("Activation", activation=function("swish")),
    "an activation of TensorFlow": layer("Dense", activation=function("relu", "tensorflow.nn")),
    "a policy": layer("Conv2D", dtype={"class_name": "Policy", "config": {"name": "float32"}}),
    "a slice": layer("slice", "builtins"),
    "a vocabulary in the file itself": layer("StringLookup", vocabulary=["a", "b"]),
}


@pytest.mark.parametrize("part", SAFE.values(), ids=SAFE)
def test_what_only_computes_is_safe(part):
    assert unsafe_parts(source_of(part)) == []


def test_a_loss_of_ones_own_does_no_harm_because_nobody_loads_it():
    source = source_of(compile_config={"loss": function("my_loss")})
    assert unsafe_parts(source) == []


RUN_CODE = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper"}
NEED_MORE = {"AbstractRNNCell", "DenseFeatures", "Wrapper"}


@pytest.mark.workstation
@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_every_layer_that_keras_has_was_thought_of(library):
    layers = pytest.importorskip(f"{library}.layers")
    unknown = {
        name
        for name, value in vars(layers).items()
        if inspect.isclass(value) and not is_known_class(name)
    }
    assert unknown <= RUN_CODE | NEED_MORE


@pytest.fixture
def hostile_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return a legacy file whose bytecode tf_keras runs on loading, and what that leaves."""
    tf_keras = pytest.importorskip("tf_keras")
    from tf_keras.src.layers.rnn.cell_wrappers import ResidualWrapper

    # The bytecode has no closure: this is where it reads what to write.
    monkeypatch.setattr(sys, "left_by_bytecode", str(tmp_path / "it ran"), raising=False)
    cell = ResidualWrapper(
        tf_keras.layers.LSTMCell(3),
        residual_fn=lambda i, o: (open(__import__("sys").left_by_bytecode, "w").close(), o)[1],
    )
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Reshape((64, 3)), layers.RNN(cell), layers.Dense(2)]
    )
    model.save(tmp_path / "hostile.h5")
    (tmp_path / "it ran").unlink()
    return tmp_path / "hostile.h5", tmp_path / "it ran"


@pytest.mark.workstation
@pytest.mark.filterwarnings("ignore")  # Keras warns of the older format while it saves it.
def test_bytecode_in_a_legacy_file_is_named_and_does_not_run(hostile_cell):
    from edgeall_convert.quantize.load import load

    path, ran = hostile_cell
    assert unsafe_parts(identify(path)) == ["ResidualWrapper residual_wrapper"]
    with pytest.raises(NetworkError, match="lambda"):
        load(identify(path), trust_model=False)
    assert not ran.exists()


@pytest.mark.workstation
@pytest.mark.filterwarnings("ignore")
def test_a_file_of_two_kinds_is_loaded_as_the_one_that_was_found_safe(hostile_cell, tmp_path):
    """A zip archive before and behind an HDF5 file, called .h5."""
    from edgeall_convert.quantize.load import load

    hostile, ran = hostile_cell
    both = tmp_path / "both.h5"
    with h5py.File(hostile) as old, h5py.File(both, "w", userblock_size=512) as new:
        for name in old:
            old.copy(name, new)
        new.attrs.update(old.attrs)
    with both.open("r+b") as opened:
        opened.write(b"PK\x03\x04")
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("config.json", json.dumps(source_of().config))
        archive.writestr("metadata.json", '{"keras_version": "2.15.0"}')
        archive.writestr("model.weights.h5", b"")
    source = identify(both)
    assert unsafe_parts(source) == []
    with pytest.raises(NetworkError, match="neither Keras 3 nor tf_keras"):
        load(source, trust_model=False)
    assert not ran.exists()


def saved(folder: Path, compute: Any) -> Source:
    import tensorflow as tf

    module = tf.Module()
    module.weight = tf.Variable(tf.ones([3, 2]))
    spec = tf.TensorSpec([1, 8, 8, 3], tf.float32)
    module.serve = tf.function(
        lambda pixels: {"y": compute(tf, pixels) @ module.weight}, input_signature=[spec]
    )
    tf.saved_model.save(module, str(folder), signatures=module.serve)
    return identify(folder)


def _mean(tf: Any, pixels: Any) -> Any:
    return tf.reduce_mean(pixels, [1, 2])


def _noisy(tf: Any, pixels: Any) -> Any:
    return _mean(tf, pixels + tf.random.normal([1, 8, 8, 3]))


def _reading(tf: Any, pixels: Any) -> Any:
    return _mean(tf, pixels) + tf.strings.to_number(tf.io.read_file("/tmp/never"))


def _writing(tf: Any, pixels: Any) -> Any:
    with tf.control_dependencies([tf.io.write_file("/tmp/never", "x")]):
        return _mean(tf, pixels)


def _saving(tf: Any, pixels: Any) -> Any:
    raw = tf.raw_ops
    saving = raw.SaveV2(
        prefix="/tmp/never", tensor_names=["x"], shape_and_slices=[""], tensors=[pixels]
    )
    with tf.control_dependencies([saving]):
        return _mean(tf, pixels)


def _restoring_in_a_branch(tf: Any, pixels: Any) -> Any:
    def restored() -> Any:
        (read,) = tf.raw_ops.RestoreV2(
            prefix="/tmp/never", tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
        )
        return tf.ensure_shape(read, [1, 3])

    return tf.cond(tf.reduce_sum(pixels) > 0, restored, lambda: _mean(tf, pixels))


@pytest.mark.workstation
@pytest.mark.parametrize(
    ("compute", "named"),
    [
        (lambda tf, x: tf.numpy_function(lambda y: y[:, 0, 0], [x], tf.float32), "PyFunc"),
        (_reading, "ReadFile"),
        (_writing, "WriteFile"),
        (_saving, "SaveV2"),
        (_restoring_in_a_branch, "RestoreV2"),
    ],
    ids=["python", "reading", "writing", "weights", "weights in a branch"],
)
def test_a_graph_that_reaches_out_is_refused_by_its_operation(tmp_path, compute, named):
    def shaped(tf: Any, pixels: Any) -> Any:
        return tf.ensure_shape(compute(tf, pixels), [1, 3])

    source = saved(tmp_path / "saved", shaped)
    with pytest.raises(NetworkError, match=named):
        refuse_unsafe(source, trust_model=False)


@pytest.mark.workstation
def test_a_graph_that_only_computes_is_safe(tmp_path):
    assert unsafe_parts(saved(tmp_path / "plain", _mean)) == []
    assert unsafe_parts(saved(tmp_path / "noisy", _noisy)) == []


@pytest.mark.workstation
def test_a_damaged_graph_is_told(tmp_path):
    saved(tmp_path / "saved", _mean)
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"\x0a\xffnot a graph")
    with pytest.raises(NetworkError, match="truncated or damaged"):
        refuse_unsafe(identify(tmp_path / "saved"), trust_model=False)
