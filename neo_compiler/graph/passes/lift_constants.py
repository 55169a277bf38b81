"""Constant nodes of every form become initializers: the importer reads only one form of them."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import LiftConstantsToInitializersPass


def lift_constants(model: ir.Model) -> None:
    """Replace each Constant node of the graph and its subgraphs by an initializer."""
    LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
