"""The first node whose compiled result differs from onnxruntime's, found by bisection.

The reference tells the value of every tensor. The first half of the nodes is compiled alone and run; where
its results are right the fault lies behind it, else inside, and so on: log2(nodes) compilations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from neo_compiler.assembly import build_native
from neo_compiler.blame import compiled_results
from neo_compiler.graph.partition import Part, partition, submodel
from neo_compiler.graph.prepare import Prepared
from neo_compiler.graph.small_types import stored
from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference

Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A node, and the one of its outputs that lies farthest from the reference.

    `difference` is that of the model up to here; `alone` that of the node by itself, given the reference's
    inputs: much less where small differences of the nodes before have grown. `place` counts from 1 to `of`.
    """

    node: str
    operator: str
    output: str
    difference: float
    alone: float
    place: int
    of: int

    def __str__(self) -> str:
        return (
            f"first node that differs: {self.node!r}, operator {self.operator}, node {self.place} of "
            f"{self.of}; output {self.output!r} by {self.difference:.3g}; "
            f"alone, given right inputs, by {self.alone:.3g}"
        )


def first_difference(
    prepared: Prepared, target: Target, inputs: Mapping[str, np.ndarray], tolerance: float
) -> Layer | None:
    """The first node, in the order of execution, by which a result is beyond `tolerance`.

    None where the whole model's results are within it. `inputs` are the model's; differences are relative
    to a tensor's largest magnitude. Raises what building the code raises.
    """
    search = _Search(prepared, target, inputs)
    nodes = prepared.model.graph.node
    right, wrong = 0, len(nodes)
    if search.worst(wrong)[1] <= tolerance:
        return None
    while wrong - right > 1:
        middle = (right + wrong) // 2
        if search.worst(middle)[1] <= tolerance:
            right = middle
        else:
            wrong = middle
    node = nodes[wrong - 1]
    output, distance = search.worst(wrong, set(node.output))
    alone = search.distances([node], set(node.output))
    return Layer(node.name, node.op_type, output, distance, max(alone.values()), wrong, len(nodes))


class _Search:
    def __init__(self, prepared: Prepared, target: Target, inputs: Mapping[str, np.ndarray]) -> None:
        self._model, self._foreign, self._target = prepared.model, prepared.foreign, target
        self._values = _all_values(prepared.model, inputs)

    def worst(self, count: int, among: set[str] | None = None) -> tuple[str, float]:
        """Of the first `count` nodes the result farthest from the reference, and how far."""
        found = self.distances(list(self._model.graph.node[:count]), among or set())
        return max(found.items(), key=lambda row: row[1])

    def distances(self, nodes: list[onnx.NodeProto], wanted: set[str]) -> dict[str, float]:
        """How far each result of some nodes, compiled and run, lies from the reference.

        Of all results that others read, or of those that are `wanted`.
        """
        model = submodel(self._model, nodes)
        values = {value.name: self._values[value.name] for value in model.graph.input}
        for part in partition(model, self._foreign):
            values |= self._run(part, values)
        names = {value.name for value in model.graph.output}
        return {name: difference(self._values[name], values[name]) for name in names & wanted or names}

    def _run(self, part: Part, values: Values) -> Values:
        given = {name: values[name] for name in part.inputs}
        if not part.native:
            return Reference(part.model).run(given)
        with tempfile.TemporaryDirectory(prefix="neo-layers-") as name:
            folder = Path(name)
            build_native(part.model, self._target, (folder, folder / "kernels.o"), Stages())
            return compiled_results(folder, given)


def _all_values(model: onnx.ModelProto, inputs: Mapping[str, np.ndarray]) -> Values:
    """Every tensor of the model in the reference, as it passes between parts."""
    probe = onnx.ModelProto.FromString(model.SerializeToString())
    outputs = {value.name for value in probe.graph.output}
    names = dict.fromkeys(name for node in probe.graph.node for name in node.output if name)
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in outputs)
    values = {**inputs, **Reference(probe).run(inputs)}
    return {name: stored(value) for name, value in values.items()}
