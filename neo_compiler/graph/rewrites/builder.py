"""Writes the nodes that take the place of one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

Operand = ir.Value | np.ndarray | None


class Builder:
    """Collects nodes; a call writes one: `build("Add", x, np.float32(1))`.

    Arrays become weights; an operator of another than the default domain has it before its name, with a dot.
    `opset` is the model's version of the default domain.
    """

    def __init__(self, node: ir.Node, opset: int) -> None:
        self.opset = opset
        self.nodes: list[ir.Node] = []
        self.weights: list[ir.Value] = []
        self._prefix = str(node.name)

    def __call__(self, operator: str, *operands: Operand | np.generic, **attributes: Any) -> ir.Value:
        """The only result of a new node."""
        return self.several(1, operator, *operands, **attributes)[0]

    def several(
        self, count: int, operator: str, *operands: Operand | np.generic, **attributes: Any
    ) -> Sequence[ir.Value]:
        """The results of a new node with `count` of them."""
        place = len(self.nodes)
        domain, _, operator = operator.rpartition(".")
        node = ir.node(
            operator,
            [self._value(operand) for operand in operands],
            attributes,
            domain=domain,
            num_outputs=count,
            name=f"{self._prefix}/{operator}_{place}",
        )
        for number, value in enumerate(node.outputs):
            value.name = f"{node.name}:{number}"
        self.nodes.append(node)
        return node.outputs

    def reduced(self, operator: str, value: ir.Value, axes: Sequence[int], *, keep: bool = False) -> ir.Value:
        """A reduction, whose axes are an input since opset 18, that of ReduceSum since 13."""
        if self.opset >= (13 if operator == "ReduceSum" else 18):
            return self(operator, value, np.array(axes, np.int64), keepdims=int(keep))
        return self(operator, value, axes=list(axes), keepdims=int(keep))

    def sliced(self, value: ir.Value, start: int, end: int, axis: int, step: int = 1) -> ir.Value:
        """value[start:end:step] along an axis."""
        return self("Slice", value, *(np.array([number], np.int64) for number in (start, end, axis, step)))

    def cast(self, value: Operand, dtype: ir.DataType) -> ir.Value:
        """The value as another type."""
        return self("Cast", value, to=int(dtype))

    def scalar(self, number: float, dtype: ir.DataType) -> np.ndarray:
        """A number as an array of that type."""
        return np.array(number, dtype.numpy())

    def _value(self, operand: Operand | np.generic) -> ir.Value | None:
        if operand is None or isinstance(operand, ir.Value):
            return operand
        array = np.asarray(operand)
        name = f"{self._prefix}/weight_{len(self.weights)}"
        value = ir.Value(name=name, const_value=ir.tensor(array, name=name))
        value.shape, value.dtype = ir.Shape(array.shape), ir.DataType.from_numpy(array.dtype)
        self.weights.append(value)
        return value
