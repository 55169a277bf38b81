"""Where DLR keeps its error and the class behind `DLRModel`."""

from __future__ import annotations

from edge_runtime.dlr import DLRError
from edge_runtime.dlr import DLRModel as DLRModelImpl

__all__ = ["DLRError", "DLRModelImpl"]
