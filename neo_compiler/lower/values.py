"""Reading Relax expressions."""

from __future__ import annotations

from typing import Any

import tvm
from numpy.typing import NDArray
from tvm import relax

Array = NDArray[Any]


def shape_of(expr: relax.Expr) -> tuple[int, ...]:
    """The static shape of a tensor expression."""
    return tuple(int(extent) for extent in expr.ty.shape.values)


def dtype_of(expr: relax.Expr) -> str:
    """The numpy dtype name of a tensor expression."""
    return str(expr.ty.dtype)


def is_constant(expr: relax.Expr) -> bool:
    """Whether the expression is a constant tensor."""
    return isinstance(expr, tvm.ir.GenericConst)


def array_of(expr: relax.Expr) -> Array:
    """The value of a constant tensor."""
    value: Array = expr.value.numpy()
    return value


def operator_of(expr: object) -> str:
    """The name of the operator that an expression calls; "" where it calls none."""
    return str(expr.op.name) if isinstance(expr, relax.Call) and isinstance(expr.op, tvm.ir.Op) else ""


def integers(values: object) -> tuple[int, ...]:
    """An attribute's list of integers."""
    return tuple(int(value) for value in values)  # type: ignore[attr-defined]
