"""Matrix products with a constant right side, packed for vector loads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tvm import te


def pack_dense_weight(weight: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """(K, N) → (ceil(N/block), K, block), filled up with zeros."""
    depth, width = weight.shape
    full = np.zeros((depth, -(-width // block) * block), weight.dtype)
    full[:, :width] = weight
    return np.ascontiguousarray(full.reshape(depth, -1, block).transpose(1, 0, 2))


def dense(data: te.Tensor, weight: te.Tensor) -> te.Tensor:
    """(M, K) with a packed (N/b, K, b) weight → (M, N), where N is a multiple of b."""
    rows, depth = (int(extent) for extent in data.shape)
    vectors, _, block = (int(extent) for extent in weight.shape)
    k = te.reduce_axis((0, depth), "k")
    return te.compute(
        (rows, vectors * block),
        lambda m, n: te.sum(data[m, k] * weight[n // block, k, n % block], axis=k),
        name="dense",
    )


def crop(data: te.Tensor, width: int) -> te.Tensor:
    """The first `width` columns of (M, N)."""
    return te.compute((int(data.shape[0]), width), lambda m, n: data[m, n], name="crop")
