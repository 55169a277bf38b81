"""Layout rules of element-wise operators: a blocked operand keeps the result blocked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tvm import relax

from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.values import Array, array_of, is_constant, shape_of

UNARY = [
    f"relax.{name}"
    for name in (
        *("abs", "ceil", "clip", "exp", "floor", "negative", "round", "sigmoid", "sqrt", "tanh"),
        *("nn.gelu", "nn.leakyrelu", "nn.relu", "nn.silu"),
    )
]
BINARY = [f"relax.{name}" for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum")]
# What these make of a filled-up channel may be infinite or NaN, which zero weights do not cancel.
_UNBOUNDED = ("relax.exp", "relax.sqrt")


def unary(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """An operator of one tensor; further arguments are scalars."""
    value = layouts.held(call.args[0])
    if value is None or (call.op.name in _UNBOUNDED and value.filled):
        return None
    result = layouts.call(relax.Call(call.op, [value.expr, *call.args[1:]], call.attrs))
    return replace(value, expr=result)


def binary(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """An operator of two tensors of one shape, or of one and a per-channel or scalar operand."""
    held = [value for value in map(layouts.held, call.args) if value is not None]
    if not held or shape_of(call) not in [value.shape for value in held]:
        return None
    widest = next(value for value in held if value.shape == shape_of(call))
    if call.op.name == "relax.divide" and not is_constant(call.args[1]) and widest.filled:
        return None  # the filled-up channels would become 0/0
    fill = 1.0 if call.op.name == "relax.divide" else 0.0
    operands = [_operand(layouts, arg, widest, fill) for arg in call.args]
    if None in operands:
        return None
    return replace(widest, expr=layouts.call(relax.Call(call.op, operands, call.attrs)))


def _operand(layouts: Layouts, expr: relax.Expr, like: Blocked, fill: float) -> relax.Expr | None:
    if is_constant(expr):
        constant = _block_constant(array_of(expr), like, fill)
        return None if constant is None else relax.const(constant)
    held, shape = layouts.held(expr), shape_of(expr)
    if held is not None and _layout(held) == _layout(like) and _broadcasts(held.shape, like.shape):
        return held.expr
    free = held is None or held.groups != like.groups  # else it is held in blocks of another size
    if free and shape == like.shape and like.block == min(layouts.block, like.channels):
        return layouts.pack(expr, like.groups).expr
    return None


def _layout(value: Blocked) -> tuple[int, int]:
    return value.block, value.groups


def _broadcasts(shape: tuple[int, ...], like: tuple[int, ...]) -> bool:
    return shape[1] == like[1] and all(a in (1, b) for a, b in zip(shape, like, strict=True))


def _block_constant(constant: Array, like: Blocked, fill: float) -> Array | None:
    """A scalar, or a tensor that broadcasts to (N, C, H, W), in the layout of `like`, filled up."""
    if constant.size == 1:
        return constant.reshape(())
    shape = (1,) * (4 - constant.ndim) + constant.shape
    if len(shape) != 4:
        return None
    full = constant.reshape(shape)
    if shape[1] == 1:
        return np.ascontiguousarray(full[..., None])
    filled = like.spread(full, 1, fill)
    blocked = filled.reshape(shape[0], -1, like.block, *shape[2:]).transpose(0, 1, 3, 4, 2)
    return np.ascontiguousarray(blocked)
