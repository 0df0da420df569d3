"""``edgeall convert`` from the file to the sealed bundle, as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from edgeall.model.bundle import open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.operators import list_operators
from edgeall.model.selftest import self_test
from edgeall.samples.paths import cells_folder, model_path

pytestmark = [
    pytest.mark.workstation,
    # Keras itself warns while it saves the older formats of these tests.
    pytest.mark.filterwarnings("ignore"),
]

FIELD = ("--unit", "field")


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgeall", "convert", *map(str, arguments)]
    wide = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=wide, **more)


GOOD = {
    "leaky": ("--labels", "a,b,c", "--blasts", "c", "--preprocess", "unit"),
    "nested": ("--labels", "a,b", "--blasts", "none"),
    "nested.h5": ("--labels", "a,b", "--blasts", "b"),
    "nested.saved": ("--labels", "a,b", "--blasts", "b"),
    "gray_sigmoid": ("--labels", "a,b", "--blasts", "b"),
    "any_size_logits": (
        *("--labels", "a,b", "--blasts", "b", "--preprocess", "caffe", "--input-size", "48x40"),
    ),
    "two_outputs": (
        *("--labels", "a,b,c", "--blasts", "b", "--preprocess", "symmetric", "--output", "kind"),
    ),
    "swish": ("--labels", "a,b", "--blasts", "b"),
    "half": ("--labels", "a,b", "--blasts", "b"),
    "nested.tfk": ("--labels", "a,b", "--blasts", "b", "--preprocess", "unit"),
}


@pytest.mark.parametrize(("name", "facts"), GOOD.items(), ids=GOOD)
def test_every_kind_of_network_becomes_a_full_int8_bundle(trained, tmp_path, name, facts):
    path = tmp_path / "out.tflite"
    done = run(trained(name), "-o", path, *FIELD, *facts, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["float_operators"] == []
    assert report["float_proof"]["largest_difference"] < 1e-3
    bundle = open_bundle(path)
    self_test(bundle, Classifier(bundle))
    network = path.read_bytes()[: bundle.manifest.identity.network_bytes]
    assert not [op for op in list_operators(network) if op.is_float or op.has_coarse_weights]
    assert report["input_scale"]["scale"] == pytest.approx(1.0, abs=0.02)
    assert (tmp_path / "out.report.html").exists()
    assert msgspec.json.decode((tmp_path / "out.report.json").read_bytes())["sealed"]


def test_a_refused_network_leaves_the_evidence_and_the_old_bundle(trained, tmp_path):
    path = tmp_path / "out.tflite"
    path.write_bytes(b"the bundle of yesterday")
    done = run(
        trained("nested"), "-o", path, "--unit", "cell", "--scale", "20px",
        "--background", "black", "--labels", "normal,blast", "--blasts", "blast",
        "--evaluate", cells_folder(), "--max-drop", "-100",
    )  # fmt: skip
    assert done.returncode == 6
    for rung in ("default", "worst layers in float", "int16 activations", "float16"):
        assert rung in done.stdout
    assert path.read_bytes() == b"the bundle of yesterday"
    report = json.loads((tmp_path / "out.refused.report.json").read_text())
    assert [rung["accuracy"] is not None for rung in report["rungs"]] == [True] * 4
    assert not report["sealed"]
    assert "no rung passed" in done.stderr


def test_a_rung_in_higher_precision_seals_a_bundle_that_takes_raw_pixels(trained, tmp_path):
    """Each of the three rungs is sealed and opened, as if those under it had failed."""
    from edgeall.camera.decode import decode_image
    from edgeall.field.resize import resize
    from edgeall_convert.quantize import int8
    from edgeall_convert.quantize.calibration import images_under
    from edgeall_convert.quantize.load import load
    from edgeall_convert.quantize.seal import seal_bundle
    from edgeall_convert.quantize.source import identify
    from edgeall_convert.quantize.wrap import Wrapped

    network = load(identify(trained("nested")), trust_model=False)
    Wrapped(
        network, height=32, width=32, preprocess="none", output=network.outputs[0],
        activation="softmax", classes=2, pixel_type="uint8",
    ).save(tmp_path / "saved")  # fmt: skip
    images = [resize(decode_image(path), 32, 32) for path in images_under(cells_folder())]
    for name, converted in (
        ("partial", int8.to_partial_int8(tmp_path / "saved", images)),
        ("int16", int8.to_int16(tmp_path / "saved", images)),
        ("float16", int8.to_float16(tmp_path / "saved")),
    ):
        path = tmp_path / f"{name}.tflite"
        manifest = _manifest(converted)
        seal_bundle(path, converted, manifest, "card")
        bundle = open_bundle(path)
        self_test(bundle, Classifier(bundle))
        assert Classifier(bundle).probabilities(images).shape == (12, 2)


def _manifest(network: bytes):
    import hashlib

    from edgeall.model.manifest import FORMAT, Manifest, OutputFacts

    shipped = open_bundle(model_path()).manifest
    return Manifest(
        format=FORMAT,
        identity=msgspec.structs.replace(
            shipped.identity,
            network_sha256=hashlib.sha256(network).hexdigest(),
            network_bytes=len(network),
        ),
        input=msgspec.structs.replace(shipped.input, height=32, width=32),
        output=OutputFacts(
            labels=("a", "b"), blasts=(), activation="softmax", tensor="probabilities"
        ),
        provenance=msgspec.structs.replace(shipped.provenance, float_operators=("CAST",)),
    )


@pytest.mark.parametrize("factor", [1 / 255, 255.0, 0.0])
def test_a_wrongly_scaled_calibration_shows_in_the_input(trained, tmp_path, factor, monkeypatch):
    """The converter takes it without a word; the scale of the input gives it away."""
    import numpy as np

    from edgeall_convert.quantize import int8
    from edgeall_convert.quantize.load import load
    from edgeall_convert.quantize.proof import tensor_scales, why_scale_is_wrong
    from edgeall_convert.quantize.source import identify
    from edgeall_convert.quantize.wrap import Wrapped

    network = load(identify(trained("nested")), trust_model=False)
    Wrapped(
        network, height=32, width=32, preprocess="none", output=network.outputs[0],
        activation="softmax", classes=2,
    ).save(tmp_path / "saved")  # fmt: skip
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(8)]

    def wrongly_scaled(chosen, dtype):
        for image in chosen:
            yield [(image[np.newaxis] * factor).astype(dtype)]

    monkeypatch.setattr(int8, "_examples", wrongly_scaled)
    facts = _manifest(b"x" * 9).output
    taken, _ = tensor_scales(int8.to_int8(tmp_path / "saved", images), facts)
    assert why_scale_is_wrong(taken) != ""


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_hostile_file_is_refused_before_its_code_runs(tmp_path, form):
    import keras

    flag = tmp_path / "it ran"

    def evil(x):
        open(str(flag), "w").close()
        return x

    pixels = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(
        keras.layers.Lambda(evil, name="evil", output_shape=(8, 8, 3))(pixels)
    )
    path = tmp_path / f"hostile.{form}"
    keras.Model(pixels, keras.layers.Dense(2)(x)).save(path)
    flag.unlink(missing_ok=True)
    done = run(path, *FIELD, "--labels", "a,b", "--blasts", "b", "--preprocess", "none")
    assert done.returncode == 3
    assert "Lambda evil" in done.stderr
    assert not flag.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_a_savedmodel_that_calls_python_is_refused(tmp_path):
    import tensorflow as tf

    class Calls(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 3], tf.float32)])
        def serve(self, pixels):
            return {"y": tf.numpy_function(lambda x: x[..., 0], [pixels], tf.float32)}

    module = Calls()
    module.weight = tf.Variable(1.0)
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    done = run(tmp_path / "saved", *FIELD, "--labels", "a,b", "--blasts", "b")
    assert done.returncode == 3
    assert "PyFunc" in done.stderr


def test_what_takes_no_image_is_told(tmp_path):
    import keras

    keras.Sequential([keras.Input((10,)), keras.layers.Dense(2)]).save(tmp_path / "v.keras")
    done = run(tmp_path / "v.keras")
    assert done.returncode == 3
    assert "does not take an image but 10 numbers" in done.stderr


def test_several_outputs_and_open_sizes_are_asked_for(trained):
    facts = (*FIELD, "--labels", "a,b", "--blasts", "b", "--preprocess", "unit")
    several = run(trained("two_outputs"), *facts)
    assert (several.returncode, "kind, sick" in several.stderr) == (2, True)
    open_size = run(trained("any_size_logits"), *facts)
    assert (open_size.returncode, "--input-size" in open_size.stderr) == (2, True)


def test_ctrl_c_leaves_nothing_behind(trained, tmp_path):
    path = tmp_path / "out.tflite"
    command = [sys.executable, "-m", "edgeall", "convert", str(trained("nested")), "-o", str(path)]
    command += [*FIELD, "--labels", "a,b", "--blasts", "b"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(1.5)
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []


def test_without_tensorflow_the_install_line_is_said(tmp_path):
    code = (
        "import sys, importlib.util as util\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'tensorflow' else real(name, *a)\n"
        "sys.argv = ['edgeall', 'convert', 'x.keras']\n"
        "from edgeall.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert 'pip install "edgeall[convert]"' in done.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--scale", "12"), "--scale 12"),
        (("--input-size", "12"), "--input-size 12"),
        (("--labels", "a,,b"), "a name is empty"),
    ],
)
def test_a_flag_that_does_not_read_is_said(flags, said, tmp_path: Path):
    done = run(tmp_path / "m.keras", *flags)
    assert (done.returncode, said in done.stderr) == (2, True)
