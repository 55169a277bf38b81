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


def dense(data: te.Tensor, weight: te.Tensor, width: int) -> te.Tensor:
    """(M, K) with a packed (N/b, K, b) weight → (M, N); `width` is N."""
    rows, depth = (int(extent) for extent in data.shape)
    block = int(weight.shape[2])
    k = te.reduce_axis((0, depth), "k")
    return te.compute(
        (rows, width),
        lambda m, n: te.sum(data[m, k] * weight[n // block, k, n % block], axis=k),
        name="dense",
    )
