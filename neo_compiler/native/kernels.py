"""The kernels of a module."""

from __future__ import annotations

import tvm
from tvm import tirx


def kernels_of(module: tvm.IRModule) -> dict[tvm.ir.GlobalVar, tirx.PrimFunc]:
    """The TensorIR functions, each with its name as the symbol that its code gets."""
    return {
        variable: function.with_attr("global_symbol", variable.name_hint)
        for variable, function in module.functions.items()
        if isinstance(function, tirx.PrimFunc)
    }
