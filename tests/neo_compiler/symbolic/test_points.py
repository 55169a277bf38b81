from __future__ import annotations

import numpy as np
import pytest

from neo_compiler.native.size import Linear, OpenDimension, fitted
from neo_compiler.symbolic.constants import begins
from neo_compiler.symbolic.points import NotGeneral, Points, choose

DIMENSIONS = (OpenDimension("n", 1, 8, 0, 0), OpenDimension("past", 0, 60, 1, 2))


def test_sums_of_sizes_are_found_and_nothing_else() -> None:
    points = ((37, 53), (41, 53), (37, 59), (43, 61), (48, 100))
    assert fitted([5] * 5, points) == 5
    assert fitted([n + past for n, past in points], points) == Linear(0, (1, 1))
    assert fitted([3 * n - 2 for n, _ in points], points) == Linear(-2, (3, 0))
    assert fitted([n * past for n, past in points], points) is None
    assert fitted([n // 2 for n, _ in points], points) is None
    assert fitted([min(n, 45) for n, _ in points], points) is None
    with pytest.raises(NotGeneral, match="no sum"):
        Points(("n", "past"), points).fit([n * n for n, _ in points], "a number")


def test_a_sum_tells_its_largest_value_and_its_text() -> None:
    size = Linear(1, (2, -1))
    assert size.most(DIMENSIONS) == 17
    assert size.text(["n", "past"]) == "2*n-1*past+1"
    assert Linear(-1, (0, 1)).text(["n", "past"]) == "past-1"


def test_points_lie_inside_and_end_with_the_largest() -> None:
    points = choose({"n": (1, 48), "past": (0, 512)})
    assert points is not None
    assert points.sizes[-1] == (48, 512)
    assert len(points.sizes) == len(set(points.sizes)) == 5
    assert all(1 <= n <= 48 and 0 <= past <= 512 for n, past in points.sizes)
    assert not {n for n, _ in points.sizes} & {past for _, past in points.sizes}
    assert choose({"n": (1, 4)}) is None


def test_a_constant_that_only_goes_on_is_kept_at_its_largest() -> None:
    table = np.arange(12.0).reshape(1, 4, 3)
    assert begins(table, table[:, :2])
    assert not begins(table, table[:, 1:3])
    assert not begins(table, table[:, :, :2])  # its rows do not lie as in the larger one
