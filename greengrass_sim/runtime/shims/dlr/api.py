"""Where DLR keeps `DLRModel`."""

from __future__ import annotations

from edge_runtime.dlr import DLRModel

__all__ = ["DLRModel"]
