"""How far an array lies from its reference, as one number."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 18  # numbers that are compared at a time: what is made of them stays in the cache


def absolute(reference: np.ndarray, actual: np.ndarray) -> float:
    """The largest absolute difference.

    Infinities must be equal and NaNs must lie in the same places: else the answer is infinite, as it is for
    another shape or dtype.
    """
    if reference.shape != actual.shape or reference.dtype != actual.dtype:
        return math.inf
    pairs = zip(_blocks(reference), _blocks(actual), strict=True)
    return max((_distance(wide, other) for wide, other in pairs), default=0.0)


def difference(reference: np.ndarray, actual: np.ndarray) -> float:
    """The largest absolute difference, relative to the largest finite magnitude of `reference`.

    It is not relative where the reference is all zero, and for whole numbers.
    """
    return relative(absolute(reference, actual), reference)


def relative(distance: float, reference: np.ndarray) -> float:
    """An absolute difference from `reference` in the unit of `difference`."""
    if not np.issubdtype(reference.dtype, np.floating):
        return distance
    largest = max((_magnitude(block) for block in _blocks(reference)), default=0.0)
    return distance / (largest or 1.0)


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    flat = array.reshape(-1)
    return (flat[start : start + BLOCK].astype(np.float64) for start in range(0, flat.size, BLOCK))


def _distance(wide: np.ndarray, other: np.ndarray) -> float:
    finite = np.isfinite(wide)
    if not finite.all():
        if not np.array_equal(wide[~finite], other[~finite], equal_nan=True):
            return math.inf
        wide, other = wide[finite], other[finite]
    if not np.isfinite(other).all():
        return math.inf
    return float(np.abs(wide - other).max(initial=0.0))


def _magnitude(wide: np.ndarray) -> float:
    return float(np.abs(wide).max(initial=0.0, where=np.isfinite(wide)))
