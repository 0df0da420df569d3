"""TFLite's converter, once for each precision that the ladder knows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from edgeall_convert.quantize.wrap import SIGNATURE

if TYPE_CHECKING:
    from edgeall.camera.frame import Pixels

_WORST_SHARE = 0.1
_FEWEST_WORST = 2


def to_float32(folder: Path) -> bytes:
    """Convert without quantizing: the reference on the device's own runtime."""
    return bytes(_converter(folder).convert())


def to_int8(folder: Path, images: Sequence[Pixels]) -> bytes:
    """Convert to full int8 with uint8 input; ``images`` set the ranges."""
    return bytes(_int8_converter(folder, images).convert())


def to_partial_int8(folder: Path, images: Sequence[Pixels]) -> bytes:
    """Convert to int8 but for the layers that lose most, which stay float.

    ``folder`` holds the network that takes uint8 itself.
    """
    converter = _int8_converter(folder, images, full=False)
    debugger = _debugger(converter, images)
    debugger.run()
    worst = _worst_layers(debugger)
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=worst)
    selective = _debugger(_int8_converter(folder, images, full=False), images, options)
    return bytes(selective.get_nondebug_quantized_model())


def to_int16(folder: Path, images: Sequence[Pixels]) -> bytes:
    """Convert to int8 weights and int16 activations; ``folder`` as in `to_partial_int8`."""
    converter = _converter(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _examples(images, np.uint8)
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
        tf.lite.OpsSet.TFLITE_BUILTINS,
    ]
    return bytes(converter.convert())


def to_float16(folder: Path) -> bytes:
    """Convert to float16 weights; ``folder`` as in `to_partial_int8`."""
    converter = _converter(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def _converter(folder: Path) -> Any:
    return tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[SIGNATURE])


def _int8_converter(folder: Path, images: Sequence[Pixels], *, full: bool = True) -> Any:
    converter = _converter(folder)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    dtype = np.float32 if full else np.uint8
    converter.representative_dataset = lambda: _examples(images, dtype)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if full:
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.int8
    else:
        converter.target_spec.supported_ops.append(tf.lite.OpsSet.TFLITE_BUILTINS)
    return converter


def _examples(images: Sequence[Pixels], dtype: type) -> Iterator[list[Any]]:
    """Yield the images, and one more whose corner spans 0 to 255.

    Cells on black may never be white, yet a pixel of the device may be: the
    input must take the whole range. The images' own range was checked before.
    """
    spanning = images[0].copy()
    spanning[0, 0], spanning[-1, -1] = 0, 255
    for image in (*images, spanning):
        yield [image[np.newaxis].astype(dtype)]


def _debugger(converter: Any, images: Sequence[Pixels], options: Any = None) -> Any:
    return tf.lite.experimental.QuantizationDebugger(
        converter=converter,
        debug_dataset=lambda: _examples(images[:20], np.uint8),
        debug_options=options,
    )


def _worst_layers(debugger: Any) -> list[str]:
    """Return the layers with the largest error, in steps of their own scale."""
    written = io.StringIO()
    debugger.layer_statistics_dump(written)
    rows = list(csv.DictReader(io.StringIO(written.getvalue())))
    errors = {
        row["tensor_name"]: float(row["mean_squared_error"]) ** 0.5 / float(row["scale"])
        for row in rows
        if float(row["scale"]) > 0
    }
    wanted = max(_FEWEST_WORST, round(len(errors) * _WORST_SHARE))
    return sorted(errors, key=lambda name: -errors[name])[:wanted]
