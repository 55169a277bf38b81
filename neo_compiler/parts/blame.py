"""Which nodes of a part cannot be compiled, or compute something else: each is tried alone."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx

from edge_runtime.native import NativeModel
from neo_compiler.errors import OutputError, TargetError
from neo_compiler.graph.partition import Part, node_name, submodel
from neo_compiler.parts.assembly import LIBRARY, PARAMS, build_native
from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.verify.difference import difference

MOST = 300  # different nodes that are tried; each takes a fraction of a second

Values = Mapping[str, np.ndarray]


def blame(part: Part, target: Target, values: Values | None, tolerance: float) -> dict[str, str]:
    """The reason for each node that fails alone, by its first output.

    `values` are those of the part's tensors in the reference, where results are to be compared too.
    """
    found: dict[str, str] = {}
    tried: dict[bytes, str | None] = {}
    for node, model in _alone(part):
        key = _signature(model)
        if key not in tried and len(tried) < MOST:
            tried[key] = _trial(model, target, values, tolerance)
        if reason := tried.get(key):
            found[node_name(node)] = reason
    return found


def _alone(part: Part) -> Iterator[tuple[onnx.NodeProto, onnx.ModelProto]]:
    for node in part.model.graph.node:
        yield node, submodel(part.model, [node])


def _signature(model: onnx.ModelProto) -> bytes:
    """Equal for nodes of one operator, with the same attributes, types and small constants."""
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    names: dict[str, str] = {}
    for alone in copy.graph.node:
        alone.name = ""
        alone.input[:] = [names.setdefault(name, str(len(names))) if name else "" for name in alone.input]
        alone.output[:] = [names.setdefault(name, str(len(names))) if name else "" for name in alone.output]
    for value in (*copy.graph.input, *copy.graph.output, *copy.graph.value_info, *copy.graph.initializer):
        value.name = names.get(value.name, "")
    signature: bytes = copy.graph.SerializeToString(deterministic=True)
    return signature


def _trial(model: onnx.ModelProto, target: Target, values: Values | None, tolerance: float) -> str | None:
    with tempfile.TemporaryDirectory(prefix="neo-trial-") as name:
        folder = Path(name)
        try:
            build_native(model, target, (folder, folder / "kernels.o"), Stages())
        except (TargetError, OutputError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the tools raise, the node is the reason
            return f"it cannot be compiled: {first_line(error)}"
        return _compared(folder, values, tolerance) if values is not None else None


def _compared(folder: Path, values: Values, tolerance: float) -> str | None:
    distance = worst_difference(folder, values)
    if distance <= tolerance:
        return None
    return f"compiled, its result differs from the reference by {distance:.2g}"


def worst_difference(folder: Path, values: Values) -> float:
    """How far the results of a compiled part lie from the reference, given the reference's inputs."""
    results = compiled_results(folder, values)
    return max(difference(values[name], result) for name, result in results.items())


def compiled_results(folder: Path, values: Values) -> dict[str, np.ndarray]:
    """The outputs of a compiled part, whose inputs are among `values`, by name."""
    native = NativeModel(folder / LIBRARY, folder / PARAMS, 1)
    with contextlib.closing(native), contextlib.closing(native.session()) as session:
        results = session.compute([np.ascontiguousarray(values[spec.name]) for spec in native.inputs])
        return {spec.name: result for spec, result in zip(native.outputs, results, strict=True)}


def first_line(error: BaseException) -> str:
    """What an error says, in at most 200 characters."""
    lines = str(error).strip().splitlines()
    return (lines[-1] if lines else type(error).__name__)[:200]
