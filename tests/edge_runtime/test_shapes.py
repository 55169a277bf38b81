from __future__ import annotations

import pytest

from edge_runtime.errors import ArtifactError, InputError
from edge_runtime.manifest import Dimension, TensorSpec
from edge_runtime.shapes import bind, holds, range_text, size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [(7, 7), ("n", 3), ("2*n", 6), ("n+past", 13), ("2*n-1*past+1", -3), ("n*past", 30), ("past-1", 9)],
)
def test_sizes_are_sums_of_products(text: int | str, size: int) -> None:
    assert size_of(text, {"n": 3, "past": 10}) == size


@pytest.mark.parametrize("text", ["", "m", "n+", "n**2", "2n"])
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        size_of(text, {"n": 3})


def test_a_dimension_has_one_size_in_all_inputs() -> None:
    specs = [TensorSpec("x", "int64", (1, "n")), TensorSpec("y", "int64", ("n", 2))]
    assert bind(specs, [(1, 3), (3, 2)]) == {"n": 3}
    with pytest.raises(InputError, match="'n' is 3 in input 'x' and 4 in 'y'"):
        bind(specs, [(1, 3), (4, 2)])


def test_ranges_and_lists_hold_their_sizes() -> None:
    assert [holds(Dimension(1, 8), size) for size in (0, 1, 8, 9)] == [False, True, True, False]
    assert [holds(Dimension(1, 8, (1, 8)), size) for size in (1, 4, 8)] == [True, False, True]
    assert range_text(Dimension(1, 8)) == "1..8"
    assert range_text(Dimension(1, 8, (1, 4, 8))) == "1, 4 or 8"
    assert range_text(Dimension(4, 4)) == "4"
