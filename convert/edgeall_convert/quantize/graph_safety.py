"""What in a SavedModel's graph reaches out of it: files, Python, other machines.

Imported only in the worker: TensorFlow's protocol buffers read the file, and
run nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from edgeall.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

_WRITES_WEIGHTS = re.compile(r"Save(V2|Slices)?|MergeV2Checkpoints|DistributedSave")
_READS_WEIGHTS = re.compile(r"Restore(V2|Slice)?")

_HARMLESS_STATE = re.compile(
    r"Var\w*Op|Variable(V2|Shape)?|_?Read\w*Variable\w*|Assign\w*VariableOp|DestroyResourceOp"
    r"|Resource(Gather|GatherNd|Scatter\w+|Apply\w+|SparseApply\w+|StridedSliceAssign)"
    r"|DisableCopyOnRead|IsResourceHandleRefCounting|StatefulPartitionedCall|If|While|Case"
    r"|Assert|CheckNumerics(V2)?|GuaranteeConst|TensorArray\w*|Empty|DeepCopy|CudnnRNN\w*"
    r"|Random\w+|Stateful[UST]\w+|Stateless\w+|TruncatedNormal|ParameterizedTruncatedNormal"
    r"|Multinomial|Rng(ReadAndSkip|Skip)|SampleDistortedBoundingBox(V2)?|_Arg|_Retval"
)
"""Of the operations with state: variables, control flow, random numbers."""

_REACHES_OUT = re.compile(
    r"\w*(File|Reader|Dataset|PyFunc|Proto|Debug|Vocab|Remap|Snapshot|Xla|TPU|Tpu)\w*"
    r"|ImmutableConst|BatchFunction|RegisterDataset|FuncAttr|FuncListAttr"
)
"""Of those without state: they read files or memory, or hand work on."""


def unsafe_operations(folder: Path) -> list[str]:
    """Name the operations of a SavedModel that reach out of the graph.

    Operations that store and restore weights are its own machinery, and are
    named only where using the network would run them.

    Raises
    ------
    NetworkError
        The graph cannot be read.
    """
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception as error:  # protobuf's DecodeError has no stable place to import it from
        raise NetworkError(
            f"{folder}: its saved_model.pb is truncated or damaged; copy the folder again."
        ) from error
    return [
        f"operation {node.op} {node.name}"
        for graph in model.meta_graphs
        for node in _unsafe_nodes(graph)
    ]


def _unsafe_nodes(graph: Any) -> Iterator[Any]:
    functions = {f.signature.name: f.node_def for f in graph.graph_def.library.function}
    for nodes in (graph.graph_def.node, *functions.values()):
        yield from (node for node in nodes if _reaches_out(node.op, functions))
    used = list(_run_from(graph, functions, _places_of_use(graph)))
    restored = list(_run_from(graph, functions, [graph.saver_def.restore_op_name]))
    yield from (node for node in used if _READS_WEIGHTS.fullmatch(node.op))
    yield from (node for node in (*used, *restored) if _WRITES_WEIGHTS.fullmatch(node.op))


def _reaches_out(operation: str, functions: dict[str, Any]) -> bool:
    if operation in functions or _WRITES_WEIGHTS.fullmatch(operation):
        return False
    if _READS_WEIGHTS.fullmatch(operation) or operation == "ShardedFilename":
        return False
    definition = op_def_registry.get(operation)
    if definition is None or _REACHES_OUT.fullmatch(operation):
        return True
    return bool(definition.is_stateful) and not _HARMLESS_STATE.fullmatch(operation)


def _places_of_use(graph: Any) -> list[str]:
    """Name what runs when the network is loaded or called, but for restoring its weights."""
    outputs = [out.name for s in graph.signature_def.values() for out in s.outputs.values()]
    inputs = [taken.name for s in graph.signature_def.values() for taken in s.inputs.values()]
    first = [
        name
        for key, collection in graph.collection_def.items()
        if key in ("saved_model_main_op", "legacy_init_op")
        for name in collection.node_list.value
    ]
    return [*outputs, *inputs, *first, *graph.object_graph_def.concrete_functions]


def _run_from(graph: Any, functions: dict[str, Any], places: Iterable[str]) -> Iterator[Any]:
    """Yield every node that running these nodes or functions would run."""
    nodes = {node.name: node for node in graph.graph_def.node}
    seen: set[str] = set()
    waiting = list(places)
    while waiting:
        name = waiting.pop().removeprefix("^").split(":", 1)[0]
        if name in seen:
            continue
        seen.add(name)
        if name in nodes:
            yield nodes[name]
            waiting.extend(nodes[name].input)
            waiting.extend(_called_by(nodes[name], functions))
        for node in functions.get(name, ()):
            yield node
            waiting.extend(_called_by(node, functions))


def _called_by(node: Any, functions: dict[str, Any]) -> Iterator[str]:
    if node.op in functions:
        yield node.op
    for attribute in node.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (function.name for function in attribute.list.func)
