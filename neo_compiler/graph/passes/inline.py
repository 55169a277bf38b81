"""Functions that the model itself defines are replaced by their bodies."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes.common import InlinePass


def inline_functions(model: ir.Model) -> None:
    """Inline every call of a model-local function."""
    if model.functions:
        InlinePass()(model)
