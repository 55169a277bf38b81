"""An operator of the graph, and where the rows of the batch lie in its operands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx_ir as ir


@dataclass(frozen=True)
class Rows:
    """The batch lies along `axis`, whose length is `factor` times its size."""

    axis: int
    factor: int = 1


class Dependent(Exception):
    """Rows are not independent; the text names the operator."""


@dataclass(frozen=True)
class Node:
    """An operator and where the rows of its operands lie; None for what is the same for all rows."""

    node: ir.Node
    rows: Sequence[Rows | None]
    size: int

    def shape(self, place: int) -> tuple[int, ...]:
        """Of an operand."""
        return shape_of(self.node.inputs[place])

    def made(self) -> tuple[int, ...]:
        """The shape of the first result."""
        return shape_of(self.node.outputs[0])

    def first(self) -> Rows:
        """The rows of the first operand, where no other one has any."""
        if self.rows[0] is None or any(row is not None for row in self.rows[1:]):
            raise self.refused("its other operands depend on the batch")
        return self.rows[0]

    def aligned(self, rank: int) -> set[Rows]:
        """The rows of all operands, as they lie in a result of `rank` axes, whose last ones are theirs."""
        return {
            Rows(row.axis + rank - len(self.shape(place)), row.factor)
            for place, row in enumerate(self.rows)
            if row is not None
        }

    def check_spread(self, rows: Rows, rank: int, last: int = 0) -> None:
        """An operand that is the same for all must have one value for all `rows` of such a result.

        Its `last` axes do not count.
        """
        for place, row in enumerate(self.rows):
            if row is not None or self.node.inputs[place] is None:
                continue
            shape = self.shape(place)
            axis = rows.axis - rank + len(shape)
            if 0 <= axis < len(shape) - last and shape[axis] != 1:
                raise self.refused("an operand has other values for each row")

    def beside(self, axes: Iterable[int]) -> Rows:
        """The rows of the first operand, which has to lie along none of `axes`."""
        rows = self.first()
        if rows.axis in axes:
            raise self.along_batch()
        return rows

    def axis(self, default: int) -> int:
        """The one of the first operand that the operator works along."""
        return self.integer("axis", default) % len(self.shape(0))

    def axes(self, place: int) -> Sequence[int]:
        """Those of the first operand that are named; all, where none are."""
        named, rank = self.integers("axes", place), len(self.shape(0))
        return range(rank) if named is None else [axis % rank for axis in named]

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

    def along_batch(self) -> Dependent:
        return self.refused("it works along the batch")

    def refused(self, why: str) -> Dependent:
        return Dependent(f"{self.node.op_type} {self.node.name!r}: {why}")


def shape_of(value: ir.Value | None) -> tuple[int, ...]:
    if value is None or value.shape is None or not all(isinstance(size, int) for size in value.shape):
        name = "" if value is None else f" of {value.name!r}"
        raise Dependent(f"the shape{name} is not known")
    return tuple(value.shape.numpy())
