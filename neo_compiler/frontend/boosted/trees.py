"""Trees on their way into ONNX, and what becomes of their scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, ML_OPSET, IR_VERSION = 18, 3, 8
INPUT, LABEL, PROBABILITIES, VALUES = "X", "label", "probabilities", "values"


_NODES = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_values",
    "nodes_modes",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
_SCORES = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


@dataclass(frozen=True)
class Branch:
    """`mode` is an ONNX one; `missing` sends NaN where the condition holds; children are node numbers."""

    feature: int
    threshold: float
    mode: str
    missing: bool
    true: int
    false: int


@dataclass
class Trees:
    """Grows into the attributes of a TreeEnsembleRegressor with one target for each class."""

    attributes: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _NODES + _SCORES})
    count: int = 0

    def add(self, target: int, branches: Sequence[Branch], leaves: Sequence[float]) -> None:
        """A tree; its branches are numbered first, from the root, 0; then its leaves."""
        tree, self.count = self.count, self.count + 1
        for number, row in enumerate(branches):
            values = (row.feature, row.threshold, row.mode, row.true, row.false, int(row.missing))
            self._extend(_NODES, (tree, number, *values))
        for place, score in enumerate(leaves):
            number = len(branches) + place
            self._extend(_NODES, (tree, number, 0, 0.0, "LEAF", 0, 0, 0))
            self._extend(_SCORES, (tree, number, target, float(score)))

    def _extend(self, names: Sequence[str], values: Sequence[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            self.attributes[name].append(value)


@dataclass(frozen=True)
class Scores:
    """What is added to the trees' sums, and what is made of that: see `LINKS`. `scale` comes before it."""

    link: str
    base: Sequence[float]
    scale: float = 1.0
    average: int = 1  # trees whose mean is taken, of each target; 1: their sum


def to_onnx(trees: Trees, features: int, scores: Scores) -> onnx.ModelProto:
    """(N, features) float32 → the outputs of the link."""
    graph = _Graph()
    given = {name: values for name, values in trees.attributes.items() if values}
    raw = graph.add("TreeEnsembleRegressor", INPUT, domain="ai.onnx.ml", n_targets=len(scores.base), **given)
    if scores.average > 1:
        raw = graph.add("Div", raw, np.float32(scores.average))
    if any(scores.base):
        raw = graph.add("Add", raw, np.array(scores.base, np.float32))
    if scores.scale != 1.0:
        raw = graph.add("Mul", raw, np.float32(scores.scale))
    LINKS[scores.link](graph, raw, len(scores.base))
    source = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", features])
    made = helper.make_graph(graph.nodes, "trees", [source], graph.outputs, graph.weights)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    return helper.make_model(made, opset_imports=opsets, ir_version=IR_VERSION, producer_name="neo-edge")


def with_classes(model: onnx.ModelProto, classes: Sequence[Any] | np.ndarray) -> onnx.ModelProto:
    """A classifier whose label is one of `classes`, whole numbers or texts, in place of its number."""
    names = np.asarray(classes)
    if names.dtype.kind in "biu":
        names = names.astype(np.int64)
        if np.array_equal(names, np.arange(len(names))):
            return model
        table = numpy_helper.from_array(names, "classes")
    else:
        table = numpy_helper.from_array(np.array([str(name) for name in names], object), "classes")
    label = next(node for node in model.graph.node if LABEL in node.output)
    gather = helper.make_node("Gather", ["classes", label.input[0]], [LABEL], name=LABEL)
    label.CopyFrom(gather)
    model.graph.initializer.append(table)
    output = next(value for value in model.graph.output if value.name == LABEL)
    output.type.tensor_type.elem_type = table.data_type
    return model


class _Graph:
    """Nodes, weights and outputs as they come."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def add(self, operator: str, *operands: str | np.ndarray | np.generic, **attributes: Any) -> str:
        """The name of a new node's result."""
        name = f"{operator}_{len(self.nodes)}"
        inputs = [value if isinstance(value, str) else self._weight(np.asarray(value)) for value in operands]
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def give(self, value: str, name: str, kind: int, shape: Sequence[int | str]) -> None:
        """Make a result an output of the model."""
        self.nodes.append(helper.make_node("Identity", [value], [name], name=name))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def _weight(self, value: np.ndarray) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value, name))
        return name


def _give_classes(graph: _Graph, label: str, probabilities: str, classes: int) -> None:
    graph.give(label, LABEL, TensorProto.INT64, ["N"])
    graph.give(probabilities, PROBABILITIES, TensorProto.FLOAT, ["N", classes])


def _two_classes(graph: _Graph, raw: str, _targets: int) -> None:
    second = graph.add("Sigmoid", raw)
    both = graph.add("Concat", graph.add("Sub", np.float32(1), second), second, axis=1)
    flat = graph.add("Reshape", raw, np.array([-1]))
    label = graph.add("Cast", graph.add("Greater", flat, np.float32(0)), to=TensorProto.INT64)
    _give_classes(graph, label, both, 2)


def _several_classes(operator: str) -> Callable[[_Graph, str, int], None]:
    def give(graph: _Graph, raw: str, targets: int) -> None:
        label = graph.add("ArgMax", raw, axis=1, keepdims=0)
        _give_classes(graph, label, graph.add(operator, raw), targets)

    return give


def _values(operator: str) -> Callable[[_Graph, str, int], None]:
    def give(graph: _Graph, raw: str, targets: int) -> None:
        graph.give(graph.add(operator, raw), VALUES, TensorProto.FLOAT, ["N", targets])

    return give


# How scores become outputs: label and probabilities, or values.
LINKS: dict[str, Callable[[_Graph, str, int], None]] = {
    "two classes": _two_classes,
    "softmax": _several_classes("Softmax"),
    "one against all": _several_classes("Sigmoid"),
    "identity": _values("Identity"),
    "sigmoid": _values("Sigmoid"),
    "exp": _values("Exp"),
}
