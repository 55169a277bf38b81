"""What of a model may be left to onnxruntime, and whether it can run that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from neo_compiler.errors import REMEDY, UnsupportedOperators
from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.graph.partition import Part, node_name
from neo_compiler.options import Fallback
from neo_compiler.ort import OrtError, Session
from neo_compiler.parts.blame import first_line
from neo_compiler.parts.task import Job


def is_allowed(job: Job, parts: Sequence[Part]) -> bool:
    """Whether the options let onnxruntime run those of the parts that are not native."""
    native = [part.native for part in parts]
    if job.task.options.fallback is Fallback.NEVER:
        return all(native)
    return any(native) or job.task.options.fallback is Fallback.WHOLE


def check_allowed(job: Job, parts: Sequence[Part], foreign: Mapping[str, str]) -> None:
    """Raise UnsupportedOperators where that is not so; `foreign` has the reasons by first output."""
    if is_allowed(job, parts):
        return
    remedy = (
        "without --no-fallback, onnxruntime would run them on the device"
        if job.task.options.fallback is Fallback.NEVER
        else "nothing of the model would be compiled; with --fallback whole, onnxruntime runs all of it"
    )
    operators, reasons = listed(job.prepared.model, foreign)
    raise UnsupportedOperators(operators, reasons=reasons, remedy=remedy, opsets=_opsets(job.prepared.model))


def check_loads(part: Part, foreign: Mapping[str, str]) -> None:
    """Raise UnsupportedOperators where onnxruntime has no kernels for a part either."""
    try:
        Session(oldest_opset(part.model).SerializeToString())
    except OrtError as error:
        operators, reasons = listed(part.model, foreign)
        why = "neither native code nor a kernel of onnxruntime exists for"
        remedy = f"{REMEDY}; it says: {first_line(error)}"
        raise UnsupportedOperators(operators, why, reasons, remedy, _opsets(part.model)) from error


def _opsets(model: onnx.ModelProto) -> dict[str, int]:
    return {row.domain: row.version for row in model.opset_import}


def listed(model: onnx.ModelProto, foreign: Mapping[str, str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Names of the nodes of each operator, and the reason of one of them."""
    operators: dict[str, list[str]] = {}
    reasons = {}
    for node in model.graph.node:
        if reason := foreign.get(node_name(node)):
            name = f"{node.domain}.{node.op_type}".lstrip(".")
            operators.setdefault(name, []).append(node.name)
            reasons[name] = reason
    return operators, reasons
