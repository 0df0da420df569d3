"""What in a file could run code when it is loaded. Nothing is loaded to find out.

Keras itself refuses most of it, but not every version did, and not in every
format: tf_keras runs the bytecode of a legacy HDF5 file without asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from edgeall.errors import NetworkError
from edgeall_convert.quantize.known_parts import (
    FUNCTIONS,
    GRAPH_FUNCTIONS,
    GRAPH_OPERATIONS,
    LITERALS,
    OPERATIONS,
    ROOTS,
    VOCABULARIES,
    is_known_class,
)

if TYPE_CHECKING:
    from edgeall_convert.quantize.source import Source

_MOST_NAMED = 6
_GRAPH_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda"})


def refuse_unsafe(source: Source, *, trust_model: bool) -> None:
    """Refuse a source that could run code, unless it is trusted.

    Raises
    ------
    NetworkError
        It names each part that could; or the file is too damaged to tell.
    """
    if trust_model:
        return
    parts = sorted(set(unsafe_parts(source)))
    if parts:
        more = f" and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
        raise NetworkError(
            f"{source.path}: loading it would run code of its own "
            f"({', '.join(parts[:_MOST_NAMED])}{more}); build it from Keras' own layers, or if "
            "you made it yourself, say --trust-model."
        )


def unsafe_parts(source: Source) -> list[str]:
    """Name what in a source is no part of Keras or TensorFlow that only computes."""
    if source.config is None:
        # TensorFlow's protocol buffers are imported only for a SavedModel.
        from edgeall_convert.quantize.graph_safety import unsafe_operations

        return unsafe_operations(source.path)
    described: Any = source.config
    if source.kind == "Keras 3":
        # Nobody loads it here, so that a loss of one's own does no harm.
        described = {key: part for key, part in described.items() if key != "compile_config"}
    return [name for part in _objects_in(described) for name in _faults(part)]


def _objects_in(described: Any) -> Iterator[dict[str, Any]]:
    waiting = [described]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _faults(part: dict[str, Any]) -> Iterator[str]:
    kind, module = part["class_name"], part.get("module")
    config = part.get("config")
    settings = config if isinstance(config, dict) else {}
    name = settings.get("name", kind)
    label = f"{kind} {name}" if name != kind else kind
    if kind == "function":
        if not _is_known_function(part):
            yield f"function {config}" if isinstance(config, str) else "function"
    elif kind in LITERALS:
        if module not in (None, "builtins"):
            yield f"custom {label}"
    elif kind in _GRAPH_LAYERS:
        function = settings.get("function")
        if not isinstance(function, str) or not GRAPH_FUNCTIONS.fullmatch(function):
            yield f"{kind} {function if isinstance(function, str) else name}"
    elif kind == "TensorFlowOpLayer":
        if (operation := _operation_of(settings)) not in GRAPH_OPERATIONS:
            yield f"{kind} {operation or name}"
    elif not _is_known(part):
        known = "" if _is_of_keras(module) or kind in ("Lambda", "__lambda__") else "custom "
        yield f"{known}{label}"
    elif kind in VOCABULARIES and (path := _vocabulary_path(settings)):
        yield f"{label}, which reads {path}"


def _is_known_function(part: Mapping[str, Any]) -> bool:
    name, module = part.get("config"), part.get("module")
    return (
        isinstance(name, str)
        and name in FUNCTIONS
        and (module in (None, "builtins") or _is_of_keras(module))
        and part.get("registered_name") in (None, "function", name)
    )


def _is_known(part: Mapping[str, Any]) -> bool:
    """Tell whether an object is what its name says: tf_keras also looks up its other names."""
    kind, module = part["class_name"], part.get("module")
    if part.get("registered_name") not in (None, kind):
        return False
    if isinstance(module, str) and OPERATIONS.fullmatch(module):
        return True
    return is_known_class(kind) and (module is None or _is_of_keras(module))


def _is_of_keras(module: object) -> bool:
    return isinstance(module, str) and module.split(".", 1)[0] in ROOTS


def _operation_of(settings: Mapping[str, Any]) -> str:
    node = settings.get("node_def")
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except ValueError:
            return ""
    return str(node.get("op", "")) if isinstance(node, dict) else ""


def _vocabulary_path(settings: Mapping[str, Any]) -> str:
    named = (settings.get(key) for key in ("vocabulary", "idf_weights", "vocabulary_file"))
    return next((path for path in named if isinstance(path, str)), "")
