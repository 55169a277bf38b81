"""Constants that depend on the sizes for which a model was prepared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Array = NDArray[np.generic]

MOST_COMPUTED = 64  # values of a constant that are computed from the sizes, each by itself


def grown(models: Sequence[onnx.ModelProto]) -> frozenset[str]:
    """Constants that are larger for larger sizes, and not merely continued.

    `models` are one model, prepared for several sizes, the largest last.
    """
    rows = [{tensor.name: tensor for tensor in model.graph.initializer} for model in models]
    found = set()
    for name in set.intersection(*map(set, rows)):
        if len({tuple(row[name].dims) for row in rows}) > 1:
            arrays = [numpy_helper.to_array(row[name]) for row in rows]
            if not all(begins(arrays[-1], array) for array in arrays):
                found.add(name)
    return frozenset(found)


def begins(whole: Array, array: Array) -> bool:
    """Whether a constant is what a kernel reads that takes the larger one for it."""
    grown = [axis for axis in range(whole.ndim) if whole.shape[axis] != array.shape[axis]]
    if any(size > 1 for size in whole.shape[: grown[-1] if grown else 0]):
        return False
    flat = array.reshape(-1)
    return array.size <= whole.size and bool(
        np.array_equal(flat, whole.reshape(-1)[: array.size], equal_nan=array.dtype.kind == "f")
    )
