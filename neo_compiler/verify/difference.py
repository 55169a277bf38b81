"""How far an array lies from its reference, as one number."""

from __future__ import annotations

import math

import numpy as np


def absolute(reference: np.ndarray, actual: np.ndarray) -> float:
    """The largest absolute difference.

    Infinities must be equal and NaNs must lie in the same places: else the answer is infinite, as it is for
    another shape or dtype.
    """
    if reference.shape != actual.shape or reference.dtype != actual.dtype:
        return math.inf
    wide, other = reference.astype(np.float64), actual.astype(np.float64)
    finite = np.isfinite(wide)
    if (
        not np.array_equal(wide[~finite], other[~finite], equal_nan=True)
        or not np.isfinite(other[finite]).all()
    ):
        return math.inf
    return float(np.abs(wide[finite] - other[finite]).max(initial=0.0))


def difference(reference: np.ndarray, actual: np.ndarray) -> float:
    """The largest absolute difference, relative to the largest finite magnitude of `reference`.

    It is not relative where the reference is all zero, and for whole numbers.
    """
    distance = absolute(reference, actual)
    if not np.issubdtype(reference.dtype, np.floating):
        return distance
    magnitudes = np.abs(reference[np.isfinite(reference)]).astype(np.float64)
    return distance / (float(magnitudes.max(initial=0.0)) or 1.0)
