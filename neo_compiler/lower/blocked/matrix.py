"""Layout rule of the matrix product with constant weights."""

from __future__ import annotations

import math

from tvm import relax

from neo_compiler.lower.blocked.layout import Layouts
from neo_compiler.lower.compute import dense as compute
from neo_compiler.lower.values import array_of, dtype_of, is_constant, shape_of


def matmul(layouts: Layouts, call: relax.Call) -> relax.Expr | None:
    """(…, M, K) by constant (K, N): the weights are packed for vector loads, leading dimensions joined."""
    data, weight = call.args
    if not is_constant(weight) or len(shape_of(weight)) != 2 or len(shape_of(data)) < 2:
        return None
    if dtype_of(data) != "float32" or dtype_of(weight) != "float32":
        return None
    *leading, depth = shape_of(data)
    width = shape_of(weight)[1]
    rows = layouts.call(relax.op.reshape(layouts.plain(data), (math.prod(leading), depth)))
    packed = compute.pack_dense_weight(array_of(weight), _vector(width, layouts.block))
    result = layouts.emit(compute.dense, rows, relax.const(packed))
    if packed.shape[0] * packed.shape[2] > width:
        result = layouts.emit(compute.crop, result, width=width)
    return layouts.call(relax.op.reshape(result, (*leading, width)))


def _vector(width: int, block: int) -> int:
    """The widest vector that fills `width`; where none of four lanes or more does, the last is cropped."""
    fitting = [lanes for lanes in (block, block // 2, block // 4) if lanes >= 4 and width % lanes == 0]
    return fitting[0] if fitting else block
