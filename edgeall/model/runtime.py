"""The TFLite runtime: the one place that knows which of the two is installed.

LiteRT (``ai-edge-litert``) comes first, being several times faster;
``tflite-runtime`` is what older Raspberry Pi images have. Their interpreters
have the same methods.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from edgeall.errors import BundleError, MissingExtraError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RUNTIMES = {
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}


class SignatureRunner(Protocol):
    """The part of a runtime's signature runner that edgeall uses."""

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        """Return the inputs' details by name."""

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        """Return the outputs' details by name."""


class Interpreter(Protocol):
    """The part of either runtime's interpreter that edgeall uses.

    One interpreter belongs to one thread at a time.
    """

    def get_input_details(self) -> list[dict[str, Any]]:
        """Return name, index, shape, dtype and quantization of each input."""

    def get_output_details(self) -> list[dict[str, Any]]:
        """Return the same of each output; their order means nothing."""

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """Return the names of inputs and outputs of each signature."""

    def get_signature_runner(self, signature_key: str | None = None) -> SignatureRunner:
        """Return the runner of one signature."""

    def set_tensor(self, tensor_index: int, value: NDArray[Any]) -> None:
        """Copy an input in."""

    def invoke(self) -> None:
        """Run the network."""

    def get_tensor(self, tensor_index: int) -> NDArray[Any]:
        """Copy an output out."""


@cache
def runtime_name() -> str:
    """Return the installed runtime's package name.

    Raises
    ------
    MissingExtraError
        Neither is installed.
    """
    for package, module in _RUNTIMES.items():
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            continue
        return package
    raise MissingExtraError(
        "No TFLite runtime is installed, so no network can run; "
        "install one with: pip install ai-edge-litert"
    )


def runtime_version() -> str:
    """Return the installed runtime's version."""
    return importlib.metadata.version(runtime_name())


def open_interpreter(network: Path | bytes, threads: int = 1) -> Interpreter:
    """Load a network and allocate its tensors.

    A path is mapped into memory, not read; bytes after the network (the
    bundle's archive) do not matter.

    Raises
    ------
    BundleError
        The runtime cannot load it, or cannot run one of its operators.
    """
    name = str(network) if isinstance(network, Path) else "this network"
    module = importlib.import_module(_RUNTIMES[runtime_name()])
    source = (
        {"model_path": str(network)} if isinstance(network, Path) else {"model_content": network}
    )
    try:
        with _silenced_stderr():
            interpreter: Any = module.Interpreter(**source, num_threads=threads)
            interpreter.allocate_tensors()
    except ImportError as error:
        raise MissingExtraError(_numpy_mismatch()) from error
    except (ValueError, RuntimeError) as error:
        raise BundleError(_refusal(name, error)) from error
    checked: Interpreter = interpreter
    return checked


def _numpy_mismatch() -> str:
    return (
        f"{runtime_name()} {runtime_version()} does not run with numpy {np.__version__}; install "
        "the versions of firmware-config/requirements-tflite-runtime.txt, or ai-edge-litert."
    )


def _refusal(name: str, error: Exception) -> str:
    cause = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "numpy" in cause or "_ARRAY_API" in cause:
        return _numpy_mismatch()
    if "Select TensorFlow op" in str(error) or "custom op" in str(error).lower():
        return (
            f"{name}: it needs operators that {runtime_name()} does not have ({cause}); "
            "convert the trained model with edgeall convert."
        )
    return (
        f"{name}: {runtime_name()} {runtime_version()} cannot load it ({cause}); it is damaged or "
        "no TFLite network, so take it from its source again."
    )


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Keep the runtime's own log lines, written below Python, off the terminal."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
