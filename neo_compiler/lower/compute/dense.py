"""Matrix products whose right side is packed for vector loads, or has columns that fill vectors."""

from __future__ import annotations

import numpy as np
from tvm import te, tirx

from neo_compiler.lower.values import Array


def pack_dense_weight(weight: Array, block: int) -> Array:
    """(K, N) → (ceil(N/block), K, block), filled up with zeros."""
    depth, width = weight.shape
    full = np.zeros((depth, -(-width // block) * block), weight.dtype)
    full[:, :width] = weight
    return np.ascontiguousarray(full.reshape(depth, -1, block).transpose(1, 0, 2))


def dense(data: te.Tensor, weight: te.Tensor, rows: int) -> te.Tensor:
    """(M, K) with a packed (N/b, K, b) weight, also of integers → (rows, N), where N is a multiple of b.

    Rows behind the M repeat the last one.
    """
    height, depth = (int(extent) for extent in data.shape)
    vectors, _, block = (int(extent) for extent in weight.shape)
    k = te.reduce_axis((0, depth), "k")

    def value(m: te.Var, n: te.Var) -> te.Expr:
        read = data[_row(m, rows, height), k]
        return te.sum(read * weight[n // block, k, n % block].astype(data.dtype), axis=k)

    return te.compute((rows, vectors * block), value, name="dense")


def product(left: te.Tensor, right: te.Tensor, rows: int) -> te.Tensor:
    """(…, M, K) with (…, K, N) → (…, rows, N); rows behind the M repeat the last one."""
    *batch, height, depth = (int(extent) for extent in left.shape)
    k = te.reduce_axis((0, depth), "k")

    def value(*at: te.Var) -> te.Expr:
        *outer, m, n = at
        return te.sum(left[*outer, _row(m, rows, height), k] * right[*outer, k, n], axis=k)

    return te.compute((*batch, rows, right.shape[-1]), value, name="product")


def _row(row: te.Var, rows: int, height: int) -> te.Expr:
    return tirx.min(row, height - 1) if rows > height else row


def fill_columns(data: te.Tensor, width: int) -> te.Tensor:
    """(…, K, N) → (…, K, width), the added columns zero."""
    *outer, columns = data.shape

    def value(*at: te.Var) -> te.Expr:
        *row, n = at
        read = data[*row, tirx.min(n, columns - 1)]
        return tirx.Select(n < columns, read, tirx.const(0, data.dtype))

    return te.compute((*outer, width), value, name="fill_columns")


def crop(data: te.Tensor, width: int) -> te.Tensor:
    """The first `width` columns of (…, N)."""
    return te.compute((*data.shape[:-1], width), lambda *at: data[*at], name="crop")


def trim_rows(data: te.Tensor, rows: int) -> te.Tensor:
    """The first rows of (…, M, N)."""
    *outer, _, columns = data.shape
    return te.compute((*outer, rows, columns), lambda *at: data[*at], name="trim_rows")
