"""Sizes that are known when a model runs: sums of its open dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class OpenDimension:
    """A dimension that each run gives a size from `low` to `high`: that of an input's axis."""

    name: str
    low: int
    high: int
    input: int
    axis: int


@dataclass(frozen=True)
class Linear:
    """`constant` plus, for each open dimension, so many times its size."""

    constant: int
    factors: tuple[int, ...]

    def at(self, sizes: Sequence[int]) -> int:
        """The value where the dimensions have these sizes."""
        return self.constant + sum(factor * size for factor, size in zip(self.factors, sizes, strict=True))

    def most(self, dimensions: Sequence[OpenDimension]) -> int:
        """The largest value that it can have."""
        return self.at(
            [
                row.high if factor > 0 else row.low
                for factor, row in zip(self.factors, dimensions, strict=True)
            ]
        )

    def text(self, names: Sequence[str]) -> str:
        """As `2*batch+1`, see edge_runtime.shapes."""
        terms = [
            name if factor == 1 else f"{factor}*{name}"
            for factor, name in zip(self.factors, names, strict=True)
            if factor
        ]
        terms += [str(self.constant)] if self.constant else []
        return "+".join(terms).replace("+-", "-")


Extent = int | Linear


def most_elements(shape: Iterable[Extent], dimensions: Sequence[OpenDimension]) -> int:
    """The elements of a tensor of the largest shape that it can have."""
    return prod(size if isinstance(size, int) else size.most(dimensions) for size in shape)


def fitted(values: Sequence[int], points: Sequence[Sequence[int]]) -> Extent | None:
    """The size that has these values where the dimensions have those sizes; None where it is no whole sum.

    There is one more point than dimensions at least, and they determine the sum; further ones confirm it.
    """
    import numpy as np

    if len(set(values)) == 1:
        return values[0]
    matrix = np.array([[1, *point] for point in points], np.float64)
    found = np.linalg.lstsq(matrix, np.array(values, np.float64), rcond=None)[0]
    whole = [round(value) for value in found]
    linear = Linear(whole[0], tuple(whole[1:]))
    return (
        linear
        if all(linear.at(point) == value for point, value in zip(points, values, strict=True))
        else None
    )
