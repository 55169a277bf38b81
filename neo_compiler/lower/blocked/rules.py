"""Which operator is rewritten by which layout rule."""

from __future__ import annotations

from neo_compiler.lower.blocked import convolution, elementwise, matrix, movement, pooling
from neo_compiler.lower.blocked.layout import Rule

RULES: dict[str, Rule] = {
    "relax.nn.conv2d": convolution.conv2d,
    "relax.nn.conv2d_transpose": convolution.conv2d_transpose,
    "relax.nn.max_pool2d": pooling.max_pool2d,
    "relax.nn.avg_pool2d": pooling.avg_pool2d,
    "relax.mean": pooling.global_mean,
    "relax.concat": movement.concat,
    "relax.nn.pad": movement.pad,
    "relax.image.resize2d": movement.resize2d,
    "relax.reshape": movement.shuffle,
    "relax.matmul": matrix.matmul,
    **dict.fromkeys(elementwise.UNARY, elementwise.unary),
    **dict.fromkeys(elementwise.BINARY, elementwise.binary),
}

# For code that takes a dimension's size as it comes.
ANY_ROWS: dict[str, Rule] = {**RULES, "relax.matmul": matrix.matmul_of_any_rows}
