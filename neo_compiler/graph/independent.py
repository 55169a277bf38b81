"""Which rows of a model's results depend on which rows of its inputs: whether filling up a batch is exact.

A value is followed from the inputs on: `axis` is where its rows lie, and each of the batch's rows makes
`factor` of them, one behind the other. As long as every operator makes a row of its result of the same row of
its operands, and of nothing else but what is the same for all, rows that were added change no other. What is
not known to be so is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import onnx_ir as ir


@dataclass(frozen=True)
class Rows:
    """The batch lies along `axis`, whose length is `factor` times its size."""

    axis: int
    factor: int = 1


OLDEST = 13  # opset; before it, softmax joined axes


class Dependent(Exception):
    """Rows are not independent; the text names the operator."""


@dataclass(frozen=True)
class _Node:
    """An operator and where the rows of its operands lie; None for what is the same for all rows."""

    node: ir.Node
    rows: Sequence[Rows | None]
    size: int

    def shape(self, place: int) -> tuple[int, ...]:
        """Of an operand."""
        return _shape(self.node.inputs[place])

    def made(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return _shape(self.node.outputs[0])

    def first(self) -> Rows:
        """The rows of the first operand, where no other one has any."""
        if self.rows[0] is None or any(row is not None for row in self.rows[1:]):
            raise self.refused("its other operands depend on the batch")
        return self.rows[0]

    def integer(self, name: str, default: int) -> int:
        attribute = self.node.attributes.get(name)
        return default if attribute is None else attribute.as_int()

    def integers(self, name: str, place: int) -> tuple[int, ...] | None:
        """A list that is an attribute or, in newer versions, a constant operand."""
        if name in self.node.attributes:
            return tuple(self.node.attributes[name].as_ints())
        value = self.node.inputs[place] if place < len(self.node.inputs) else None
        if value is None:
            return None
        if value.const_value is None:
            raise self.refused(f"its {name} are not constant")
        return tuple(int(number) for number in value.const_value.numpy().reshape(-1))

    def refused(self, why: str) -> Dependent:
        return Dependent(f"{self.node.op_type} {self.node.name!r}: {why}")


def independent(model: ir.Model, inputs: Mapping[str, int], size: int) -> dict[str, Rows | None]:
    """Where the rows of each output lie, None for an output that is the same for all.

    `model` is prepared for a batch of `size`, at least 2, which is the length of the axes `inputs`. Raises
    Dependent with the first operator whose rows are not known to be independent.
    """
    if model.graph.opset_imports.get("", 0) < OLDEST:
        raise Dependent(f"its operators are of an opset before {OLDEST}")
    known: dict[ir.Value, Rows | None] = {
        value: Rows(inputs[str(value.name)]) if value.name in inputs else None for value in model.graph.inputs
    }
    for node in model.graph:
        rows = [known.get(value) if value is not None else None for value in node.inputs]
        result = None
        if any(rows):
            rule = RULES.get(f"{node.domain}.{node.op_type}".lstrip("."))
            if rule is None:
                raise Dependent(f"{node.op_type} {node.name!r} may mix them")
            result = rule(_Node(node, rows, size))
            _check(node, result, size)
        known.update(dict.fromkeys(node.outputs, result))
    return {str(value.name): known.get(value) for value in model.graph.outputs}


def _check(node: ir.Node, rows: Rows, size: int) -> None:
    for value in node.outputs:
        if value.name and _shape(value)[rows.axis] != rows.factor * size:
            raise Dependent(f"{node.op_type} {node.name!r}: the batch has another length in {value.name!r}")


def _shape(value: ir.Value | None) -> tuple[int, ...]:
    if value is None or value.shape is None or not all(isinstance(size, int) for size in value.shape):
        name = "" if value is None else f" of {value.name!r}"
        raise Dependent(f"the shape{name} is not known")
    return tuple(value.shape.numpy())


def _broadcast(at: _Node) -> Rows:
    """Element by element: operands are aligned at their last axes."""
    rank = len(at.made())
    found = {
        Rows(row.axis + rank - len(at.shape(place)), row.factor)
        for place, row in enumerate(at.rows)
        if row is not None
    }
    if len(found) > 1:
        raise at.refused("it combines different rows")
    (result,) = found
    for place, row in enumerate(at.rows):
        if row is None and at.node.inputs[place] is not None:
            axis = result.axis - rank + len(at.shape(place))
            if axis >= 0 and at.shape(place)[axis] != 1:
                raise at.refused("an operand has other values for each row")
    return result


def _along(default: int) -> Callable[[_Node], Rows]:
    """Something over the axis that `axis` tells, and any number of others that are not the batch."""

    def rule(at: _Node) -> Rows:
        rows, rank = at.first(), len(at.shape(0))
        axis = at.integer("axis", default) % rank
        if rows.axis == axis:
            raise at.refused("it works along the batch")
        return rows

    return rule


def _normalised(at: _Node) -> Rows:
    rows = at.first()
    if rows.axis >= at.integer("axis", -1) % len(at.shape(0)):
        raise at.refused("it works along the batch")
    return rows


def _leading(at: _Node) -> Rows:
    """Pictures and the like: the first axis counts independent ones."""
    rows = at.first()
    if at.integer("training_mode", 0):
        raise at.refused("it works along the batch")
    if rows.axis != 0:
        raise at.refused("the batch is not its first axis")
    return rows


def _matmul(at: _Node) -> Rows:
    left, right = at.rows
    rank = max(len(at.shape(0)), len(at.shape(1)))
    if min(len(at.shape(0)), len(at.shape(1))) < 2:
        raise at.refused("it multiplies a vector")
    if left is not None and left.axis == len(at.shape(0)) - 1:
        raise at.refused("it sums over the batch")
    if right is not None and right.axis == len(at.shape(1)) - 2:
        raise at.refused("it sums over the batch")
    found = {
        Rows(row.axis + rank - len(at.shape(place)), row.factor) for place, row in enumerate(at.rows) if row
    }
    result = found.pop()
    if found or (left and right and result.axis >= rank - 2):
        raise at.refused("it combines different rows")
    for place, row in enumerate(at.rows):
        axis = result.axis - rank + len(at.shape(place))
        if row is None and 0 <= axis < len(at.shape(place)) - 2 and at.shape(place)[axis] != 1:
            raise at.refused("an operand has other values for each row")
    return result


def _gemm(at: _Node) -> Rows:
    rows = at.first()
    if rows.axis != (1 if at.integer("transA", 0) else 0):
        raise at.refused("it sums over the batch")
    if len(at.node.inputs) > 2 and at.node.inputs[2] is not None:
        shape = at.shape(2)
        if len(shape) == 2 and shape[0] != 1:
            raise at.refused("an operand has other values for each row")
    return Rows(0, rows.factor)


def _reduced(at: _Node) -> Rows:
    rows, rank = at.first(), len(at.shape(0))
    axes = at.integers("axes", 1)
    if axes is None or rows.axis in [axis % rank for axis in axes]:
        raise at.refused("it works along the batch")
    if at.integer("keepdims", 1):
        return rows
    return Rows(rows.axis - sum(axis % rank < rows.axis for axis in axes), rows.factor)


def _chosen(at: _Node) -> Rows:
    """The place of the largest or smallest value along an axis."""
    rows, rank = at.first(), len(at.shape(0))
    axis = at.integer("axis", 0) % rank
    if rows.axis == axis:
        raise at.refused("it works along the batch")
    return rows if at.integer("keepdims", 1) or axis > rows.axis else Rows(rows.axis - 1, rows.factor)


def _transposed(at: _Node) -> Rows:
    rows, rank = at.first(), len(at.shape(0))
    attribute = at.node.attributes.get("perm")
    order = list(reversed(range(rank))) if attribute is None else list(attribute.as_ints())
    return Rows(order.index(rows.axis), rows.factor)


def _reshaped(at: _Node) -> Rows:
    """Values keep their order: the rows stay together where what lies before them stays the same."""
    rows, shape, made = at.first(), at.shape(0), at.made()
    before = prod(shape[: rows.axis])
    for axis, length in enumerate(made):
        if prod(made[:axis]) == before and length % at.size == 0 and length:
            return Rows(axis, length // at.size)
    raise at.refused("it takes the batch apart")


def _concatenated(at: _Node) -> Rows:
    found = {row for row in at.rows if row is not None}
    if len(found) > 1 or None in at.rows:
        raise at.refused("it joins different rows")
    (rows,) = found
    if rows.axis == at.integer("axis", 0) % len(at.made()):
        raise at.refused("it works along the batch")
    return rows


def _sliced(at: _Node) -> Rows:
    rows, rank = at.first(), len(at.shape(0))
    axes = at.integers("axes", 3)
    if rows.axis in [axis % rank for axis in (range(rank) if axes is None else axes)]:
        raise at.refused("it works along the batch")
    return rows


def _padded(at: _Node) -> Rows:
    rows, rank = at.first(), len(at.shape(0))
    pads, axes = at.integers("pads", 1) or (), at.integers("axes", 3)
    places = [axis % rank for axis in (range(rank) if axes is None else axes)]
    here = [place for place, axis in enumerate(places) if axis == rows.axis]
    if any(pads[place] or pads[place + len(places)] for place in here):
        raise at.refused("it works along the batch")
    return rows


def _gathered(at: _Node) -> Rows:
    data, index = at.rows
    axis = at.integer("axis", 0) % len(at.shape(0))
    if data is None and index is not None:
        return Rows(axis + index.axis, index.factor)
    if data is None or index is not None or data.axis == axis:
        raise at.refused("it works along the batch")
    return data if data.axis < axis else Rows(data.axis + len(at.shape(1)) - 1, data.factor)


Rule = Callable[[_Node], Rows]


def _names(text: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(text.split(), rule)


RULES: dict[str, Rule] = {
    **_names("Abs Acos Asin Atan Cast Ceil Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid", _broadcast),
    **_names("HardSwish Identity IsInf IsNaN LeakyRelu Log Neg Not PRelu Reciprocal Relu Round", _broadcast),
    **_names("Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu", _broadcast),
    **_names("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or", _broadcast),
    **_names("Pow Sub Sum Where Xor", _broadcast),
    **_names("AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool", _leading),
    **_names("GlobalMaxPool InstanceNormalization LRN MaxPool Resize SpaceToDepth", _leading),
    **_names("ai.onnx.ml.TreeEnsembleRegressor", _leading),
    **_names("Hardmax LogSoftmax Softmax", _along(-1)),
    **_names("Split", _along(0)),
    **_names("LayerNormalization RMSNormalization", _normalised),
    **_names("MatMul", _matmul),
    **_names("Gemm", _gemm),
    **_names("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin", _reduced),
    **_names("ReduceProd ReduceSum ReduceSumSquare", _reduced),
    **_names("ArgMax ArgMin", _chosen),
    **_names("Transpose", _transposed),
    **_names("Flatten Reshape Squeeze Unsqueeze", _reshaped),
    **_names("Concat", _concatenated),
    **_names("Slice", _sliced),
    **_names("Pad", _padded),
    **_names("Gather", _gathered),
}
