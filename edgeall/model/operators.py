"""The operators of a network, read from its flatbuffer without running it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tflite

from edgeall.errors import BundleError

_FLOATS = frozenset({"FLOAT16", "FLOAT32", "FLOAT64", "BFLOAT16"})
_TYPE_NAMES = {
    code: name for name, code in vars(tflite.TensorType).items() if isinstance(code, int)
}
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"})
_WEIGHTS = 1
"""Position of the weights among a convolution's inputs."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as its operator sees it.

    ``type`` is the schema's name (``INT8``, ``FLOAT32``); ``scales`` counts its
    quantization scales: 0 for none, 1 for the whole tensor, more for one a channel.
    """

    name: str
    type: str
    shape: tuple[int, ...]
    scales: int

    @property
    def is_float(self) -> bool:
        """Whether its numbers are floating-point."""
        return self.type in _FLOATS


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the network, in order of execution."""

    index: int
    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def is_float(self) -> bool:
        """Whether it reads or writes floating-point numbers."""
        return any(tensor.is_float for tensor in self.inputs + self.outputs)

    @property
    def output_name(self) -> str:
        """The name of its first output: what tells it from others of its kind."""
        return self.outputs[0].name if self.outputs else ""

    @property
    def has_coarse_weights(self) -> bool:
        """Whether it is a convolution of several channels whose weights share one scale."""
        if self.name not in _CONVOLUTIONS or len(self.inputs) <= _WEIGHTS:
            return False
        weights = self.inputs[_WEIGHTS]
        channels = weights.shape[-1 if self.name == "DEPTHWISE_CONV_2D" else 0]
        return weights.type == "INT8" and channels > 1 and weights.scales != channels


def list_operators(network: bytes) -> list[Operator]:
    """Return the operators of every subgraph of a network.

    The network must be one that a runtime has loaded (and so has verified).
    """
    model = tflite.Model.GetRootAs(network, 0)
    return [
        _operator(model, graph, index)
        for graph in (model.Subgraphs(number) for number in range(model.SubgraphsLength()))
        for index in range(graph.OperatorsLength())
    ]


def check_is_whole(network: bytes, name: str) -> None:
    """Follow every reference in the file, so that a truncated one is refused.

    LiteRT verifies what it loads; tflite-runtime 2.14 does not and would crash.

    Raises
    ------
    BundleError
        A reference leads out of the file.
    """
    try:
        list_operators(network)
        model = tflite.Model.GetRootAs(network, 0)
        for number in range(model.BuffersLength()):
            buffer = model.Buffers(number)
            if length := buffer.DataLength():
                buffer.Data(length - 1)
    except (struct.error, IndexError, ValueError, AttributeError, TypeError) as error:
        raise BundleError(
            f"{name}: the file is truncated or damaged; take it from its source again."
        ) from error


def _operator(model: Any, graph: Any, index: int) -> Operator:
    operator = graph.Operators(index)
    return Operator(
        index,
        _name(model.OperatorCodes(operator.OpcodeIndex())),
        tuple(_tensors(graph, (operator.Inputs(i) for i in range(operator.InputsLength())))),
        tuple(_tensors(graph, (operator.Outputs(i) for i in range(operator.OutputsLength())))),
    )


def _name(code: Any) -> str:
    if code.CustomCode():
        return str(code.CustomCode().decode())
    # Codes over 127 are in the newer of the two fields, smaller ones in either.
    return str(tflite.opcode2name(max(code.BuiltinCode(), code.DeprecatedBuiltinCode())))


def _tensors(graph: Any, numbers: Iterator[int]) -> Iterator[Tensor]:
    for number in numbers:
        if number < 0:  # an optional input that is left out
            continue
        tensor = graph.Tensors(number)
        quantization = tensor.Quantization()
        yield Tensor(
            (tensor.Name() or b"").decode(),
            _TYPE_NAMES.get(tensor.Type(), str(tensor.Type())),
            tuple(tensor.Shape(i) for i in range(tensor.ShapeLength())),
            quantization.ScaleLength() if quantization else 0,
        )
