"""Matrix products with a constant right side, packed for vector loads."""

from __future__ import annotations

import numpy as np
from tvm import te

from neo_compiler.lower.values import Array


def pack_dense_weight(weight: Array, block: int) -> Array:
    """(K, N) → (ceil(N/block), K, block), filled up with zeros."""
    depth, width = weight.shape
    full = np.zeros((depth, -(-width // block) * block), weight.dtype)
    full[:, :width] = weight
    return np.ascontiguousarray(full.reshape(depth, -1, block).transpose(1, 0, 2))


def dense(data: te.Tensor, weight: te.Tensor) -> te.Tensor:
    """(M, K) with a packed (N/b, K, b) weight, also of integers → (M, N), where N is a multiple of b."""
    rows, depth = (int(extent) for extent in data.shape)
    vectors, _, block = (int(extent) for extent in weight.shape)
    k = te.reduce_axis((0, depth), "k")
    return te.compute(
        (rows, vectors * block),
        lambda m, n: te.sum(data[m, k] * weight[n // block, k, n % block].astype(data.dtype), axis=k),
        name="dense",
    )


def crop(data: te.Tensor, width: int) -> te.Tensor:
    """The first `width` columns of (M, N)."""
    return te.compute((int(data.shape[0]), width), lambda m, n: data[m, n], name="crop")
