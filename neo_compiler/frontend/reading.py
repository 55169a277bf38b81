"""What a user grants and tells for reading a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reading:
    """`trust` allows formats that run code of theirs when they are opened.

    `shapes` is what is known about inputs, for formats that do not tell; a size is a whole number there.
    """

    trust: bool = False
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
