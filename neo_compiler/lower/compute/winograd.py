"""Convolution 3x3 with fewer multiplications: F(2x2, 3x3) and F(4x4, 3x3) of Winograd, over blocked values.

Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), with the matrices made by
Toom and Cook's construction. The points 0, ±1/√2, ±√2 and infinity keep rounding errors near those of the
direct sum: about 3e-6 of the largest output at 256 channels, where 0, ±1, ±2 give 1e-5.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from tvm import te, tirx

from neo_compiler.lower.compute.layout import border
from neo_compiler.lower.values import Array

TAPS = 3
# The stages of the convolution, as blocks in this order; the schedule finds them by name.
ROWS = "winograd_rows"
PATCHES = "winograd_patches"
PRODUCT = "winograd_product"
COLUMNS = "winograd_columns"
WINOGRAD = "winograd"

_ROOT = math.sqrt(2.0)
_POINTS = {2: (0.0, 1.0, -1.0), 4: (0.0, _ROOT / 2, -_ROOT / 2, _ROOT, -_ROOT)}
_Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Transform:
    """A matrix, and groups of columns in which rows agree up to a factor."""

    matrix: Array
    groups: _Groups


@dataclass(frozen=True)
class Transforms:
    """What makes patches of 6 (or 4) from data and weights, and tiles of 4 (or 2) outputs from products."""

    tile: int
    data: _Transform
    weights: Array
    outputs: _Transform

    @property
    def patch(self) -> int:
        """Rows and columns of the data that one tile of outputs depends on."""
        return self.tile + TAPS - 1

    def padding(
        self, data: tuple[int, int], size: tuple[int, int], before: tuple[int, int]
    ) -> tuple[int, int, int, int]:
        """Borders (top, left, bottom, right) with which data covers an output of `size` in whole tiles."""
        bottom, right = (
            -(-out // self.tile) * self.tile + TAPS - 1 - first - extent
            for out, first, extent in zip(size, before, data, strict=True)
        )
        return before[0], before[1], bottom, right

    def pack_weight(self, weight: Array, inner: int, outer: int) -> Array:
        """(O, I, 3, 3), both multiples of their blocks → (patch, patch, O/outer, I/inner, inner, outer)."""
        out_channels, in_channels, *_ = weight.shape
        taps = weight.astype(np.float64)
        moved = np.einsum("ya,oiab,xb->yxoi", self.weights, taps, self.weights, optimize=True)
        blocked = moved.reshape(*moved.shape[:2], out_channels // outer, outer, in_channels // inner, inner)
        return np.ascontiguousarray(blocked.transpose(0, 1, 2, 4, 5, 3), dtype=np.float32)


@functools.cache
def transforms(tile: int) -> Transforms:
    """The matrices for tiles of `tile` by `tile` outputs; their last row stands for the point at infinity."""
    points, patch = _POINTS[tile], tile + TAPS - 1
    outputs, weights, data = np.zeros((tile, patch)), np.zeros((patch, TAPS)), np.zeros((patch, patch))
    for row, point in enumerate(points):
        others = [other for other in points if other != point]
        data[row, :-1] = np.poly(others)[::-1]
        weights[row] = point ** np.arange(TAPS) / np.prod([point - other for other in others])
        outputs[:, row] = point ** np.arange(tile)
    data[-1] = np.poly(points)[::-1]
    weights[-1, -1] = outputs[-1, -1] = 1.0
    pairs = [(low, low + 1) for low in range(1, patch - 1, 2)]
    return Transforms(
        tile,
        _Transform(data.round(12), (tuple(range(0, patch, 2)), tuple(range(1, patch, 2)))),
        weights,
        _Transform(outputs.round(12), ((0,), *pairs, (patch - 1,))),
    )


def winograd(
    data: te.Tensor, weight: te.Tensor, size: tuple[int, int], padding: tuple[int, int, int, int]
) -> te.Tensor:
    """(N, I/i, H, W, i) with (patch, patch, O/o, I/i, i, o) → (N, O/o, *size, o), for a stride of one.

    With its `padding` the data is 2 larger than `size` rounded up to whole tiles.
    """
    of = transforms(int(weight.shape[0]) - TAPS + 1)
    data = border(data, padding)
    batch, in_blocks, _, width, inner = (int(extent) for extent in data.shape)
    _, _, out_blocks, _, _, outer = (int(extent) for extent in weight.shape)
    down, across = (-(-extent // of.tile) for extent in size)
    rows = te.compute(
        (of.patch, batch, in_blocks, down, width, inner),
        lambda p, n, c, y, x, i: _apply(of.data, p, lambda k: data[n, c, y * of.tile + k, x, i]),
        name=ROWS,
    )
    patches = te.compute(
        (of.patch, of.patch, batch, in_blocks, down, across, inner),
        lambda p, q, n, c, y, x, i: _apply(of.data, q, lambda k: rows[p, n, c, y, x * of.tile + k, i]),
        name=PATCHES,
    )
    block, lane = te.reduce_axis((0, in_blocks), "block"), te.reduce_axis((0, inner), "lane")
    product = te.compute(
        (of.patch, of.patch, batch, out_blocks, down, across, outer),
        lambda p, q, n, c, y, x, o: te.sum(
            patches[p, q, n, block, y, x, lane] * weight[p, q, c, block, lane, o], axis=[block, lane]
        ),
        name=PRODUCT,
    )
    columns = te.compute(
        (of.tile, of.patch, batch, out_blocks, down, across, outer),
        lambda a, q, n, c, y, x, o: _apply(of.outputs, a, lambda k: product[k, q, n, c, y, x, o]),
        name=COLUMNS,
    )

    def value(n: te.Var, c: te.Var, y: te.Var, x: te.Var, o: te.Var) -> te.Expr:
        (down, row), (across, column) = ((at // of.tile, at % of.tile) for at in (y, x))
        return _apply(of.outputs, column, lambda k: columns[row, k, n, c, down, across, o])

    return te.compute((batch, out_blocks, *size, outer), value, name=WINOGRAD)


def _apply(transform: _Transform, row: tirx.PrimExpr, read: Callable[[int], tirx.PrimExpr]) -> tirx.PrimExpr:
    """Row `row` of the transform times what `read` gives; one sum remains once loops are unrolled."""
    *others, result = [_sum(row, transform.groups, read) for row in transform.matrix]
    for index, value in reversed(list(enumerate(others))):
        result = tirx.Select(row == index, value, result)
    return result


def _sum(coefficients: Array, groups: _Groups, read: Callable[[int], tirx.PrimExpr]) -> tirx.PrimExpr:
    """A scalar product; each group as a multiple of a sum that rows share, so that it is computed once."""
    total = None
    for group in groups:
        used = [index for index in group if coefficients[index]]
        if not used:
            continue
        *before, last = used
        factor, inner = float(coefficients[last]), read(last)
        for index in before:
            inner = _plus(inner, float(coefficients[index]) / factor, read(index))
        total = _plus(total, factor, inner)
    return total


def _plus(total: tirx.PrimExpr | None, factor: float, value: tirx.PrimExpr) -> tirx.PrimExpr:
    if abs(factor) != 1.0:
        value, factor = value * tirx.const(factor, "float32"), 1.0
    if total is None:
        return value if factor > 0 else -value
    return total + value if factor > 0 else total - value
