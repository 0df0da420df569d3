"""What in a file would run code when it is loaded. Nothing is loaded to find out.

Keras itself refuses most of this, but not every version did: CVE-2025-1550,
-8747, -9905 and -9906 are ways around its safe mode, and tf_keras runs a
Lambda of a legacy file without asking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from edgeall.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

    from edgeall_convert.quantize.source import Source

_TRUSTED_MODULES = ("keras", "tf_keras", "tensorflow.keras", "builtins")
_TRUSTED_BUILTINS = frozenset(
    {"tuple", "list", "dict", "set", "slice", "int", "float", "bool", "str"}
)
_FUNCTION_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda"})
_HARMLESS_FUNCTIONS = re.compile(
    r"^(math|nn|image|linalg|__operators__|compat\.v1\.(nn|image|transpose|shape))\."
    r"|^(cast|reshape|concat|stack|unstack|split|squeeze|expand_dims|transpose|identity|shape|pad|"
    r"tile|reduce_\w+|add|subtract|multiply|divide|ones_like|zeros_like|clip_by_value|reverse|"
    r"keras\.\w+|_operators\.\w+|convert_to_tensor|broadcast_to|one_hot|gather|strided_slice|"
    r"where|maximum|minimum|abs|sqrt|square|exp|sigmoid|tanh|argmax)$"
)
_DANGEROUS_WORDS = re.compile(r"get_file|load_library|enable_unsafe|py_function|numpy_function")
_UNSAFE_GRAPH_OPS = frozenset(
    {
        "PyFunc",
        "EagerPyFunc",
        "PyFuncStateless",
        "ReadFile",
        "WriteFile",
        "MatchingFiles",
        "WholeFileReader",
        "WholeFileReaderV2",
        "FixedLengthRecordReader",
        "TextLineReader",
        "PrintV2",
        "DebugIdentity",
        "LookupTableImportV2",
        "InitializeTableFromTextFile",
        "InitializeTableFromTextFileV2",
    }
)


def refuse_unsafe(source: Source, *, trust_model: bool) -> None:
    """Refuse a source that would run code, unless it is trusted.

    Raises
    ------
    NetworkError
        It names each part that would.
    """
    if trust_model:
        return
    parts = sorted(set(unsafe_parts(source)))
    if parts:
        raise NetworkError(
            f"{source.path}: loading it would run code of its own ({', '.join(parts)}); build it "
            "from Keras' own layers, or if you made it yourself, say --trust-model."
        )


def unsafe_parts(source: Source) -> list[str]:
    """Name what in a source is no plain layer of Keras or TensorFlow."""
    if source.config is not None:
        return list(_unsafe_in(source.config))
    return _unsafe_operations(source.path)


def _unsafe_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from _unsafe_object(part)
        for value in part.values():
            yield from _unsafe_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from _unsafe_in(value)
    elif isinstance(part, str) and _DANGEROUS_WORDS.search(part):
        yield part[:60]


def _unsafe_object(part: dict[str, Any]) -> Iterator[str]:
    kind = part.get("class_name")
    if not isinstance(kind, str):
        return
    settings = part.get("config")
    named = settings.get("name", kind) if isinstance(settings, dict) else kind
    if kind in ("Lambda", "__lambda__", "function"):
        if kind != "function" or not _is_keras_function(part):
            yield f"{kind} {named}" if named != kind else kind
    elif kind in _FUNCTION_LAYERS:
        function = str(settings.get("function", "")) if isinstance(settings, dict) else ""
        if not _HARMLESS_FUNCTIONS.match(function):
            yield f"{kind} {function or named}"
    else:
        yield from _foreign_object(part, kind, str(named))


def _is_keras_function(part: dict[str, Any]) -> bool:
    return _is_trusted(str(part.get("module") or ""))


def _foreign_object(part: dict[str, Any], kind: str, named: str) -> Iterator[str]:
    module, registered = part.get("module"), part.get("registered_name")
    if module == "builtins" and kind not in _TRUSTED_BUILTINS and kind != "function":
        yield f"{kind} of builtins"
    elif isinstance(module, str) and not _is_trusted(module):
        yield f"custom {kind} {named}" if named != kind else f"custom {kind} of {module}"
    elif isinstance(registered, str) and ">" in registered:
        yield f"custom {registered}"


def _is_trusted(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in _TRUSTED_MODULES)


def _unsafe_operations(folder: Path) -> list[str]:
    """Name the operations of a SavedModel that reach out of the graph."""
    # The worker imports TensorFlow anyway; its own protocol buffers read the file, and run nothing.
    from tensorflow.core.protobuf import saved_model_pb2

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
        for nodes in (graph.graph_def.node, *(f.node_def for f in graph.graph_def.library.function))
        for node in nodes
        if node.op in _UNSAFE_GRAPH_OPS
    ]
