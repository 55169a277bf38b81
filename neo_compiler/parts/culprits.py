"""Which nodes of a divided model compute something else than the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.package.verify import check_fit
from neo_compiler.graph.partition import Part, node_name
from neo_compiler.graph.small_types import stored
from neo_compiler.parts.blame import blame, worst_difference
from neo_compiler.parts.describe import target_needs
from neo_compiler.parts.task import Job
from neo_compiler.verify.reference import Reference


def culprits(job: Job, parts: Sequence[Part]) -> dict[str, str]:
    """The nodes whose results differ, or, where none does alone, all nodes of the parts that differ.

    Nothing where this machine cannot run the code of a part.
    """
    try:
        check_fit(target_needs(job.task.target))
    except ArtifactError:
        return {}
    native = [(number, part) for number, part in enumerate(parts) if part.native]
    names = {name for _, part in native for node in part.model.graph.node for name in node.output if name}
    names |= {name for _, part in native for name in part.inputs} - job.sample.inputs.keys()
    values = _reference_values(job.prepared.model, names, job.sample.inputs)
    tolerance = max(job.sample.tolerances.values())
    found: dict[str, str] = {}
    for number, part in native:
        folder = job.task.files if len(parts) == 1 else job.task.files / f"parts/{number}"
        if (distance := worst_difference(folder, values)) > tolerance:
            reason = f"compiled, its part's results differ from the reference by {distance:.2g}"
            found |= blame(part, job.task.target, values, tolerance) or whole(part, reason)
    return found


def whole(part: Part, reason: str) -> dict[str, str]:
    return {node_name(node): reason for node in part.model.graph.node}


def _reference_values(
    model: onnx.ModelProto, names: set[str], inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    probe = onnx.ModelProto.FromString(model.SerializeToString())
    outputs = {value.name for value in probe.graph.output}
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(names - outputs))
    values = {**inputs, **Reference(probe).run(inputs)}
    return {name: stored(value) for name, value in values.items()}
