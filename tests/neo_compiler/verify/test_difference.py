from __future__ import annotations

import math

import numpy as np
import pytest

from neo_compiler.verify.difference import BLOCK, absolute, difference


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("reference", "actual", "expected"),
    [
        (floats(1, -4), floats(1, -4), 0.0),
        (floats(1, -4), floats(2, -4), 0.25),
        (floats(0, 0), floats(0, 0.5), 0.5),
        (floats(math.nan, 2), floats(math.nan, 1), 0.5),
        (floats(math.inf, 2), floats(math.inf, 1), 0.5),
        (floats(math.inf, 2), floats(-math.inf, 2), math.inf),
        (floats(math.inf, 2), floats(3e38, 2), math.inf),
        (floats(1, 2), floats(math.nan, 2), math.inf),
        (floats(1, 2), floats(math.inf, 2), math.inf),
        (floats(math.nan, math.nan), floats(math.nan, math.nan), 0.0),
        (floats(), floats(), 0.0),
        (floats(1, 2), floats(1), math.inf),
        (floats(1), np.array([1.0]), math.inf),
        (np.array([285]), np.array([285]), 0.0),
        (np.array([285]), np.array([282]), 3.0),
        (np.array([True]), np.array([False]), 1.0),
    ],
)
def test_difference(reference: np.ndarray, actual: np.ndarray, expected: float) -> None:
    assert difference(reference, actual) == expected


def test_absolute_keeps_the_unit() -> None:
    assert absolute(floats(1, -4), floats(2, -4)) == 1.0


def test_large_values_do_not_overflow() -> None:
    assert difference(floats(3e38, -3e38), floats(-3e38, 3e38)) == pytest.approx(2.0)


@pytest.mark.parametrize("place", [0, BLOCK - 1, BLOCK, 2 * BLOCK + 4])
def test_every_number_of_a_large_array_counts(place: int) -> None:
    reference = np.full((2 * BLOCK + 5, 1), 2, np.float32)
    reference[1] = math.nan
    actual = reference.copy()
    actual[place] = 2.5
    assert difference(reference, actual) == 0.25
    actual[place] = math.inf
    assert difference(reference, actual) == math.inf
