"""`from dlr import DLRModel`, for models that `neo compile` made; a function's own copy of DLR wins."""

from __future__ import annotations

from edge_runtime.dlr import VERSION, DLRError, DLRModel

__all__ = ["DLRError", "DLRModel"]
__version__ = VERSION
