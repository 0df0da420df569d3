"""What a network's graph shows: its own normalisation, and what its output is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from edgeall_convert.quantize.pixel_domain import normalises_pixels

if TYPE_CHECKING:
    from edgeall_convert.quantize.load import LoadedNetwork

Activation: TypeAlias = Literal["softmax", "sigmoid", "logits"]

_WEIGHTED = frozenset({"Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum"})
_ARITHMETIC = frozenset({"Mul", "Sub", "AddV2", "Add", "RealDiv", "Div", "BiasAdd", "DivNoNan"})
_PASSED_BACK = frozenset(
    {"Identity", "IdentityN", "Reshape", "Squeeze", "Cast", "StopGradient", "EnsureShape"}
)


def frozen_graph(network: LoadedNetwork, height: int, width: int) -> Any:
    """Return the network as one graph of constants and operations, functions inlined."""
    shape = tf.TensorSpec([1, height, width, network.channels], tf.float32, name="image")
    return convert_variables_to_constants_v2(
        tf.function(network.call).get_concrete_function(shape)
    ).graph


def own_normalisation(graph: Any) -> list[str]:
    """Name the arithmetic on pixels in front of the first weights: Rescaling, Normalization.

    A scaling that nothing but constants make counts; batch normalisation, which
    takes a reciprocal square root, does not.
    """
    (image,) = (op for op in graph.get_operations() if op.type == "Placeholder")
    found: list[str] = []
    seen, waiting = {image.name}, [image.outputs[0]]
    while waiting:
        tensor = waiting.pop()
        for operation in tensor.consumers():
            if operation.name in seen or operation.type in _WEIGHTED:
                continue
            seen.add(operation.name)
            if operation.type in _ARITHMETIC and _by_constants(operation, tensor):
                found.append(f"{operation.type} ({operation.name})")
            waiting.extend(operation.outputs)
    # What starts from 0 to 1 needs a division by 255 in front, which somebody has to say.
    return found if found and normalises_pixels(graph) else []


def _by_constants(operation: Any, data: Any) -> bool:
    others = [tensor for tensor in operation.inputs if tensor is not data]
    if not others or any(_is_neutral(operation, tensor) for tensor in others):
        return False
    before = [op for tensor in others for op in _ancestors(tensor.op)]
    return not any(op.type in ("Rsqrt", "Placeholder") for op in before)


def _is_neutral(operation: Any, tensor: Any) -> bool:
    """Tell an addition of nothing or a multiplication by one."""
    if tensor.op.type != "Const":
        return False
    value = tf.make_ndarray(tensor.op.get_attr("value"))
    neutral = 1.0 if operation.type in ("Mul", "RealDiv", "Div", "DivNoNan") else 0.0
    return bool((value == neutral).all())


def _ancestors(operation: Any) -> Iterator[Any]:
    seen, waiting = set(), [operation]
    while waiting:
        op = waiting.pop()
        if op.name not in seen:
            seen.add(op.name)
            yield op
            waiting.extend(tensor.op for tensor in op.inputs)


def activation_of(graph: Any, position: int) -> Activation:
    """Return what the output at this position of the graph ends with."""
    operation = graph.outputs[position].op
    while operation.type in _PASSED_BACK:
        operation = operation.inputs[0].op
    if operation.type == "Softmax" or _is_spelled_softmax(operation):
        return "softmax"
    return "sigmoid" if operation.type == "Sigmoid" else "logits"


def _is_spelled_softmax(operation: Any) -> bool:
    """Tell ``exp(x - max) / sum(exp)``, as some exporters write it."""
    if operation.type not in ("RealDiv", "Mul"):
        return False
    return any(tensor.op.type == "Exp" for tensor in operation.inputs)
