"""Layout rule of the matrix product with constant weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from tvm import relax

from neo_compiler.lower.blocked.layout import Layouts
from neo_compiler.lower.compute import dense as compute
from neo_compiler.lower.values import Array, array_of, dtype_of, is_constant, shape_of


@dataclass(frozen=True)
class _Weights:
    """A constant (K, N), to be multiplied by `scale`, a scalar or one value a column, after the product."""

    values: Array
    scale: Array | None = None


def matmul(layouts: Layouts, call: relax.Call) -> relax.Expr | None:
    """(…, M, K) by constant (K, N): the weights are packed for vector loads, leading dimensions joined.

    Weights that the model holds as scaled int8 stay int8 and are widened in registers.
    """
    data, expr = call.args
    weights = _weights(layouts, expr)
    if weights is None or len(shape_of(data)) < 2 or dtype_of(data) != "float32":
        return None
    *leading, depth = shape_of(data)
    width = weights.values.shape[1]
    rows = layouts.call(relax.op.reshape(layouts.plain(data), (math.prod(leading), depth)))
    packed = compute.pack_dense_weight(weights.values, _vector(width, layouts.block))
    result = layouts.emit(compute.dense, rows, relax.const(packed))
    if packed.shape[0] * packed.shape[2] > width:
        result = layouts.emit(compute.crop, result, width=width)
    if weights.scale is not None:
        result = layouts.call(relax.op.multiply(result, relax.const(weights.scale)))
    return layouts.call(relax.op.reshape(result, (*leading, width)))


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
