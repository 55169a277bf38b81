"""What values an input of a model takes, read from how the graph uses it.

A token id must stay inside its table and a picture in 0..255 must not be fed with noise around 0: outside
its domain a network saturates, and two results that are both meaningless compare as equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

# Operators that hand values on unchanged.
TRANSPARENT = frozenset(
    {
        "Cast",
        "Concat",
        "Expand",
        "Identity",
        "Pad",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    }
)
PICTURE_SCALE = 64.0  # constants beyond this, next to an input, turn bytes of a picture into small numbers


@dataclass(frozen=True)
class Domain:
    """Bounds of an input's values, both included; None where the graph says nothing."""

    low: float | None = None
    high: float | None = None

    def narrowed(self, other: Domain) -> Domain:
        """The values that lie in both domains."""
        lows = [bound for bound in (self.low, other.low) if bound is not None]
        highs = [bound for bound in (self.high, other.high) if bound is not None]
        return Domain(max(lows, default=None), min(highs, default=None))


def input_domain(value: ir.Value) -> Domain:
    """The domain of a graph input, as far as its uses and its dtype tell it."""
    domain = _of_dtype(value.dtype)
    for node, place in _uses(value):
        rule = RULES.get(node.op_type)
        if rule is not None and not node.domain:
            domain = domain.narrowed(rule(node, place))
    return domain


def _of_dtype(dtype: ir.DataType | None) -> Domain:
    bounds = {ir.DataType.BOOL: (0, 1), ir.DataType.UINT8: (0, 255), ir.DataType.INT8: (-128, 127)}
    return Domain(*bounds.get(dtype, (None, None))) if dtype is not None else Domain()


def _uses(value: ir.Value) -> Iterator[tuple[ir.Node, int]]:
    """Each node that reads `value` or an unchanged copy of it, and at which place."""
    queue, seen = [value], {value}
    for current in queue:
        for node, place in current.uses():
            yield node, place
            if node.op_type in TRANSPARENT and (place == 0 or node.op_type == "Concat"):
                fresh = [output for output in node.outputs if output not in seen]
                queue.extend(fresh)
                seen.update(fresh)


def _other(node: ir.Node, place: int) -> np.ndarray | None:
    """The constant that meets the value at `place` of a binary operator."""
    operand = node.inputs[1 - place]
    if operand is None or operand.const_value is None or operand.const_value.size == 0:
        return None
    return operand.const_value.numpy()


def _table(node: ir.Node, place: int) -> Domain:
    """An index lies inside the axis that it selects from."""
    table = node.inputs[0]
    if place != 1 or table is None or table.shape is None:
        return Domain()
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 0
    size = table.shape[axis]
    return Domain(0, size - 1) if isinstance(size, int) else Domain()


def _compared(node: ir.Node, place: int) -> Domain:
    """A value that is compared for equality is one of those that it is compared with."""
    other = _other(node, place)
    return Domain() if other is None else Domain(float(other.min()), float(other.max()))


def _divided(node: ir.Node, place: int) -> Domain:
    if place == 1:
        return _divisor(node, place)
    other = _other(node, place)
    if place != 0 or other is None or abs(other).min() < PICTURE_SCALE:
        return Domain()
    return Domain(0, float(abs(other).max()))


def _divisor(node: ir.Node, place: int) -> Domain:
    """A whole number that divides is not zero: division by it ends the process."""
    divisor = node.inputs[place]
    whole = place == 1 and divisor is not None and divisor.dtype is not None and divisor.dtype.is_integer()
    return Domain(1, None) if whole else Domain()


def _batch(node: ir.Node, place: int) -> Domain:
    """The number of a picture in a batch."""
    data = node.inputs[0]
    if place != 2 or data is None or data.shape is None or not isinstance(data.shape[0], int):
        return Domain()
    return Domain(0, data.shape[0] - 1)


def _multiplied(node: ir.Node, place: int) -> Domain:
    other = _other(node, place)
    if other is None or not 0 < abs(other).max() <= 1 / PICTURE_SCALE:
        return Domain()
    return Domain(0, float(np.rint(1 / abs(other).max())))


def _shifted(node: ir.Node, place: int) -> Domain:
    """A mean that is taken away lies in the middle of the values."""
    other = _other(node, place)
    if other is None or abs(other).min() < PICTURE_SCALE:
        return Domain()
    return Domain(0, float(2 * abs(other).max()))


def _positive(_node: ir.Node, _place: int) -> Domain:
    return Domain(0, 1)


def _unit(_node: ir.Node, _place: int) -> Domain:
    return Domain(-1, 1)


RULES: dict[str, Callable[[ir.Node, int], Domain]] = {
    "Acos": _unit,
    "Asin": _unit,
    "Atanh": _unit,
    "Div": _divided,
    "Equal": _compared,
    "Gather": _table,
    "GatherElements": _table,
    "Log": _positive,
    "Mod": _divisor,
    "Mul": _multiplied,
    "RoiAlign": _batch,
    "Sqrt": _positive,
    "Sub": _shifted,
}
