"""The first node whose compiled result differs from onnxruntime's, found by bisection.

The reference tells the value of every tensor. The first half of the nodes is compiled alone and run; where
its results are right the fault lies behind it, else inside, and so on: log2(nodes) compilations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from neo_compiler.graph.partition import Part, partition, submodel
from neo_compiler.graph.prepare import Prepared
from neo_compiler.graph.small_types import stored
from neo_compiler.parts.assembly import build_native
from neo_compiler.parts.blame import compiled_results
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
    original: onnx.ModelProto,
    prepared: Prepared,
    target: Target,
    inputs: Mapping[str, np.ndarray],
    tolerance: float,
) -> Layer | None:
    """The first node, in the order of execution, by which a result is beyond `tolerance`.

    A node of the prepared model that already differs from the original in the reference comes first. None
    where all results are within the tolerance. `inputs` are the model's; differences are relative to a
    tensor's largest magnitude. Raises what building the code raises.
    """
    values = _all_values(prepared.model, inputs)
    return _ill_prepared(original, prepared.model, values, inputs, tolerance) or _ill_compiled(
        _Search(prepared, target, values), tolerance
    )


def _ill_prepared(
    original: onnx.ModelProto,
    prepared: onnx.ModelProto,
    values: Values,
    inputs: Mapping[str, np.ndarray],
    tolerance: float,
) -> Layer | None:
    """The first node whose value in the reference is not that of the tensor of its name in the original."""
    expected = _all_values(original, inputs)
    for place, node in enumerate(prepared.graph.node, 1):
        for name in node.output:
            if name not in expected or expected[name].shape != values[name].shape:
                continue
            if (distance := difference(expected[name], values[name])) > tolerance:
                return Layer(
                    node.name, node.op_type, name, distance, distance, place, len(prepared.graph.node)
                )
    return None


def _ill_compiled(search: _Search, tolerance: float) -> Layer | None:
    nodes = search.nodes
    right, wrong = 0, len(nodes)
    if search.worst(nodes)[1] <= tolerance:
        return None
    while wrong - right > 1:
        middle = (right + wrong) // 2
        if search.worst(nodes[:middle])[1] <= tolerance:
            right = middle
        else:
            wrong = middle
    node = nodes[wrong - 1]
    output, distance = search.worst(nodes[:wrong], set(node.output))
    _, alone = search.worst([node])
    return Layer(node.name, node.op_type, output, distance, alone, wrong, len(nodes))


class _Search:
    """Runs some of the nodes of a prepared model as they would be compiled; `values` are the reference's."""

    def __init__(self, prepared: Prepared, target: Target, values: Values) -> None:
        self._model, self._foreign, self._target = prepared.model, prepared.foreign, target
        self._values = values
        self.nodes = list(prepared.model.graph.node)

    def worst(self, nodes: Sequence[onnx.NodeProto], wanted: Collection[str] = ()) -> tuple[str, float]:
        """Of the results that others read, or of the `wanted` ones, that farthest from the reference."""
        model = submodel(self._model, nodes)
        values = {value.name: self._values[value.name] for value in model.graph.input}
        for part in partition(model, self._foreign):
            values |= self._run(part, values)
        names = {value.name for value in model.graph.output}
        found = {name: difference(self._values[name], values[name]) for name in names & set(wanted) or names}
        return max(found.items(), key=lambda row: row[1])

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
