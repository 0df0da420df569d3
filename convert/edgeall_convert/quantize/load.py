"""Loading a trained network, whichever Keras or TensorFlow saved it.

Imported only in the worker: TensorFlow takes seconds and gigabytes.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from edgeall.errors import NetworkError

if TYPE_CHECKING:
    from edgeall_convert.quantize.source import Source


@dataclass(frozen=True, slots=True, eq=False)
class LoadedNetwork:
    """A network that takes one image and gives one or more named outputs.

    Attributes
    ----------
    call
        From a float32 ``(1, height, width, channels)`` tensor in the network's
        own domain to its outputs by name.
    height, width
        Pixels, or None where the network leaves them open.
    channels
        3, or 1 for a grayscale network.
    outputs
        Names, in the network's order.
    parameters
        How many numbers it has learned.
    keeps
        What must stay alive as long as ``call`` is used.
    """

    call: Callable[[Any], dict[str, Any]]
    height: int | None
    width: int | None
    channels: int
    outputs: tuple[str, ...]
    parameters: int
    keeps: Any


def load(source: Source, *, trust_model: bool) -> LoadedNetwork:
    """Load a source that was found safe, or is trusted.

    Raises
    ------
    NetworkError
        It does not load, or is no network from one image to numbers.
    """
    if source.kind == "SavedModel":
        return _load_saved_model(source.path)
    model = _in_float32(load_keras(source, trust_model))
    return _from_keras(model, source.path)


def load_keras(source: Source, trust_model: bool) -> Any:
    """Load a Keras model that was found safe, or is trusted, with whichever Keras can.

    Raises
    ------
    NetworkError
        None can.
    """
    with _named_for_its_kind(source) as path:
        if source.kind == "Keras 3" and source.keras_version.startswith("2."):
            return _load_with_tf_keras(source, path, trust_model, "it was saved by tf_keras")
        try:
            return keras.models.load_model(path, compile=False, safe_mode=not trust_model)
        except Exception as error:  # Keras raises all kinds for what it cannot read
            first = error
        if source.kind == "legacy HDF5":
            return _load_with_tf_keras(source, path, trust_model, _first_line(first))
    raise _unloadable(source.path, _first_line(first)) from first


@contextmanager
def _named_for_its_kind(source: Source) -> Iterator[Path]:
    """Lend the file a name that makes Keras read it as what it was found safe as.

    Keras goes by the suffix, and one file can be both a zip archive and HDF5.
    """
    with tempfile.TemporaryDirectory(prefix="edgeall-") as folder:
        suffix = ".keras" if source.kind == "Keras 3" else ".h5"
        named = Path(folder) / f"network{suffix}"
        named.symlink_to(source.path.resolve())
        yield named


def _load_with_tf_keras(source: Source, path: Path, trust_model: bool, reason: str) -> Any:
    # Its safe mode has no public switch for HDF5, and is off there.
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    try:
        with SafeModeScope(safe_mode=not trust_model):
            return _tf_keras().models.load_model(path, compile=False, safe_mode=not trust_model)
    except Exception as error:  # see above
        raise _unloadable(
            source.path, f"Keras 3: {reason}; tf_keras: {_first_line(error)}"
        ) from error


def _in_float32(model: Any) -> Any:
    """Rebuild a network that computes in half precision: TFLite's operators do not."""
    described = model.to_json()
    if "float16" not in described:
        return model
    rewritten = re.sub(r'"(mixed_)?b?float16"', '"float32"', described)
    module = keras if isinstance(model, keras.Model) else _tf_keras()
    rebuilt = module.models.model_from_json(rewritten)
    rebuilt.set_weights(model.get_weights())
    return rebuilt


def _tf_keras() -> Any:
    import tf_keras

    return tf_keras


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def _unloadable(path: Path, cause: str) -> NetworkError:
    return NetworkError(
        f"{path}: neither Keras 3 nor tf_keras can load it ({cause}); load it where it was "
        'trained and save it again with model.save("NAME.keras").'
    )


def _from_keras(model: Any, path: Path) -> LoadedNetwork:
    inputs = getattr(model, "inputs", None)
    if not inputs:
        raise NetworkError(
            f"{path}: this network was never built, so its input is unknown; call it on one image "
            "and save it again."
        )
    if "string" in str(getattr(inputs[0], "dtype", "")):
        raise NetworkError(f"{path}: this network takes text, not an image; convert one that does.")
    shapes = [tuple(tensor.shape) for tensor in inputs]
    height, width, channels = image_shape(shapes, path)
    names = _output_names(model)

    def call(image: Any) -> dict[str, Any]:
        given = model(_as_input(image, inputs[0]), training=False)
        return dict(zip(names, _flat(given), strict=True))

    return LoadedNetwork(call, height, width, channels, names, int(model.count_params()), model)


def _as_input(image: Any, wanted: Any) -> Any:
    return tf.cast(image, wanted.dtype if isinstance(wanted.dtype, str) else wanted.dtype.name)


def _output_names(model: Any) -> tuple[str, ...]:
    given = getattr(model, "output", None)
    if isinstance(given, dict):
        return tuple(sorted(given))
    names = tuple(str(name).rsplit("/", 1)[-1] for name in getattr(model, "output_names", ()))
    outputs = _flat(model.outputs)
    if len(names) == len(outputs) == len(set(names)):
        return names
    return tuple(f"output_{number}" for number in range(len(outputs)))


def _flat(given: Any) -> list[Any]:
    return list(tf.nest.flatten(given))


def image_shape(
    shapes: list[tuple[int | None, ...]], path: Path
) -> tuple[int | None, int | None, int]:
    """Return height, width and channels of the one image that a network takes.

    Raises
    ------
    NetworkError
        It takes something else.
    """
    if len(shapes) != 1:
        raise NetworkError(
            f"{path}: this network takes {len(shapes)} inputs, not one image; "
            "convert one that does."
        )
    shape = shapes[0]
    if len(shape) != 4:
        sides = " x ".join("any" if side is None else str(side) for side in shape[1:])
        raise NetworkError(
            f"{path}: this network does not take an image but {sides or 'single'} numbers; "
            "convert one whose input is height x width x channels."
        )
    _, height, width, channels = shape
    if channels not in (1, 3):
        if height in (1, 3):
            raise NetworkError(
                f"{path}: this network takes its channels first ({height} x {width} x {channels}), "
                "which no device here does; rebuild it with channels last."
            )
        raise NetworkError(
            f"{path}: this network takes {channels} channels; only colour (3) and grayscale (1) "
            "images exist here."
        )
    return height, width, channels


def _load_saved_model(path: Path) -> LoadedNetwork:
    try:
        model = tf.saved_model.load(str(path))
    except Exception as error:  # TensorFlow raises all kinds for what it cannot read
        raise _unloadable(path, _first_line(error)) from error
    signature = _signature(model, path)
    arguments = signature.structured_input_signature[1]
    shapes = [tuple(spec.shape.as_list()) for spec in arguments.values()]
    height, width, channels = image_shape(shapes, path)
    ((name, spec),) = arguments.items()
    outputs = tuple(sorted(signature.structured_outputs))

    def call(image: Any) -> dict[str, Any]:
        return dict(signature(**{name: tf.cast(image, spec.dtype)}))

    parameters = sum(
        int(tf.size(v)) for v in getattr(model, "variables", None) or signature.variables
    )
    return LoadedNetwork(call, height, width, channels, outputs, parameters, model)


def _signature(model: Any, path: Path) -> Any:
    signatures = model.signatures
    if "serving_default" in signatures:
        return signatures["serving_default"]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    listed = ", ".join(signatures) or "none"
    raise NetworkError(
        f"{path}: this SavedModel has no signature serving_default (it has {listed}); "
        "save it again with one."
    )
