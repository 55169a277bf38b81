"""Layout rule of the matrix product."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tvm import relax

from neo_compiler.lower.blocked.layout import Layouts
from neo_compiler.lower.compute import dense as compute
from neo_compiler.lower.values import Array, array_of, dtype_of, is_constant, shape_of

# Rows of a register tile: fewer read the right side too often, more need too many registers.
_TILE = 6, 15


@dataclass(frozen=True)
class _Weights:
    """A constant (K, N), to be multiplied by `scale`, a scalar or one value a column, after the product."""

    values: Array
    scale: Array | None = None


def matmul(layouts: Layouts, call: relax.Call) -> relax.Expr | None:
    """A product with constant weights, or of two matrices in equal batches."""
    data, expr = call.args
    if min(len(shape_of(data)), len(shape_of(expr))) < 2 or dtype_of(data) != "float32":
        return None
    weights = _weights(layouts, expr)
    return _product(layouts, data, expr) if weights is None else _dense(layouts, data, weights, _rows)


def matmul_of_any_rows(layouts: Layouts, call: relax.Call) -> relax.Expr | None:
    """The same, where nothing depends on how rows or columns can be divided."""
    data, expr = call.args
    if min(len(shape_of(data)), len(shape_of(expr))) < 2 or dtype_of(data) != "float32":
        return None
    weights = _weights(layouts, expr)
    if weights is not None:
        return _dense(layouts, data, weights, int)
    if shape_of(data)[:-2] != shape_of(expr)[:-2]:
        return None
    left, right = layouts.plain(data), layouts.plain(expr)
    return layouts.emit(compute.product, left, right, rows=shape_of(left)[-2])


def _dense(layouts: Layouts, data: relax.Expr, weights: _Weights, rows: Callable[[int], int]) -> relax.Expr:
    """(…, M, K) by constant (K, N): the weights are packed for vector loads, leading dimensions joined.

    Weights that the model holds as scaled int8 stay int8 and are widened in registers.
    """
    *leading, depth = shape_of(data)
    height, width = math.prod(leading), weights.values.shape[1]
    flat = layouts.call(relax.op.reshape(layouts.plain(data), (height, depth)))
    packed = compute.pack_dense_weight(weights.values, _vector(width, layouts.block))
    result = layouts.emit(compute.dense, flat, relax.const(packed), rows=rows(height))
    result = _cut(layouts, result, height, width)
    if weights.scale is not None:
        result = layouts.call(relax.op.multiply(result, relax.const(weights.scale)))
    return layouts.call(relax.op.reshape(result, (*leading, width)))


def _product(layouts: Layouts, left: relax.Expr, right: relax.Expr) -> relax.Expr | None:
    """(…, M, K) by (…, K, N): columns that fill no vectors are filled up while the right side is copied."""
    (*batch, height, _), (*others, _, width) = shape_of(left), shape_of(right)
    lanes = _vector(width, layouts.block)
    if batch != others or 2 * width < lanes:
        return None
    first, second = layouts.plain(left), layouts.plain(right)
    if width % lanes:
        second = layouts.emit(compute.fill_columns, second, width=-(-width // lanes) * lanes)
    return _cut(layouts, layouts.emit(compute.product, first, second, rows=_rows(height)), height, width)


def _cut(layouts: Layouts, result: relax.Expr, height: int, width: int) -> relax.Expr:
    *_, rows, columns = shape_of(result)
    if rows > height:
        result = layouts.emit(compute.trim_rows, result, rows=height)
    return layouts.emit(compute.crop, result, width=width) if columns > width else result


def _rows(height: int) -> int:
    """The first number of rows from `height` on that can be cut into tiles of a few."""
    return next(rows for rows in itertools.count(height) if rows < _TILE[0] or _in_tiles(rows))


def _in_tiles(rows: int) -> bool:
    return any(rows % tile == 0 for tile in range(*_TILE))


def _weights(layouts: Layouts, expr: relax.Expr) -> _Weights | None:
    if len(shape_of(expr)) != 2:
        return None
    if is_constant(expr):
        return _Weights(array_of(expr)) if dtype_of(expr) == "float32" else None
    if (call := layouts.definition(expr, "relax.dequantize")) is not None:
        values, scale, zero = call.args
        if (
            not all(map(is_constant, call.args))
            or array_of(zero).any()
            or int(call.attrs.axis) not in (1, -1)
        ):
            return None
        return _scaled(values, array_of(scale))
    if (call := layouts.definition(expr, "relax.multiply")) is not None:
        for widened, scale in (call.args, reversed(call.args)):
            cast = layouts.definition(widened, "relax.astype")
            if cast is not None and is_constant(cast.args[0]) and is_constant(scale):
                return _scaled(cast.args[0], array_of(scale))
    return None


def _scaled(values: relax.Expr, scale: Array) -> _Weights | None:
    width = shape_of(values)[1]
    if dtype_of(values) not in ("int8", "uint8") or scale.dtype != np.float32:
        return None
    if scale.size == 1:
        return _Weights(array_of(values), scale.reshape(()))
    return (
        _Weights(array_of(values), scale.reshape(width)) if scale.shape[-1] == scale.size == width else None
    )


def _vector(width: int, block: int) -> int:
    """The widest vector that fills `width`; where none of four lanes or more does, the last is cropped."""
    fitting = [lanes for lanes in (block, block // 2, block // 4) if lanes >= 4 and width % lanes == 0]
    return fitting[0] if fitting else block
