"""What an artifact says of itself: the schema of manifest.json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSpec:
    """Name, numpy dtype name and shape of a model's input or output; a symbolic dimension is a str."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
