"""What no output needs goes: identities, repeated work, dead nodes, unused weights."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import (
    CommonSubexpressionEliminationPass,
    IdentityEliminationPass,
    RemoveUnusedNodesPass,
)


def drop_unused(model: ir.Model) -> None:
    """Remove nodes and weights that no output depends on, and optional results that nobody reads."""
    RemoveUnusedNodesPass()(model)


def tidy(model: ir.Model) -> None:
    """Remove identities and repeated work."""
    IdentityEliminationPass()(model)
    CommonSubexpressionEliminationPass()(model)
    drop_unused(model)
