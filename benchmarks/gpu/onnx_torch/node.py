"""A node of a model that becomes a call of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper

Call = Callable[[Sequence[Any]], Any]


class Unsupported(ValueError):
    """A node that there is no call for."""


@dataclass(frozen=True)
class Node:
    """A node, its attributes, and its inputs whose values are known (None for the others)."""

    node: onnx.NodeProto
    values: tuple[np.ndarray[Any, Any] | None, ...]
    opset: int

    def get(self, name: str, default: Any = None) -> Any:
        found = next((row for row in self.node.attribute if row.name == name), None)
        return default if found is None else helper.get_attribute_value(found)

    def known(self, place: int, default: Any = None) -> Any:
        """The input there as Python lists or numbers."""
        value = self.values[place] if place < len(self.values) else None
        return default if value is None else value.tolist()
