"""Inputs and outputs."""

from __future__ import annotations

from dataclasses import dataclass

DTYPES: frozenset[str] = frozenset(
    {"bool", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)


@dataclass(frozen=True)
class TensorSpec:
    """Name, numpy dtype name and shape of a model's input or output.

    A symbolic dimension is a str: a name, or for outputs also a sum of products, as `2*batch+1`.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __post_init__(self) -> None:
        """Raises ValueError for another type."""
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype {self.dtype!r:.60} is none of {', '.join(sorted(DTYPES))}")
