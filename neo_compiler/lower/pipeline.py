"""The lowering, read from top to bottom."""

from __future__ import annotations

import onnx
import tvm
from tvm import relax, tirx

from neo_compiler.lower.affine import fold_affine
from neo_compiler.lower.blocked import block_layouts
from neo_compiler.lower.importer import to_relax
from neo_compiler.stages import Stages
from neo_compiler.target import Target


def lower(model: onnx.ModelProto, target: Target, stages: Stages | None = None) -> tvm.IRModule:
    """A prepared model as one Relax function `main` that calls fused, unscheduled TensorIR functions."""
    stages = stages or Stages()
    with tvm.target.Target(target.llvm()):
        with stages("import"):
            module = fold_affine(to_relax(model))
        with stages("layout"):
            module = block_layouts(module, target.lanes)
        with stages("fuse"):
            return fuse(module)


_OPAQUE = 8  # TOpPattern.kOpaque
# Padding stays a kernel of its own: behind a convolution it would change the extents of the register tile.
_APART = ("pad",)


@tvm.transform.module_pass(opt_level=0)
def _keep_apart(module: tvm.IRModule, _context: tvm.transform.PassContext) -> tvm.IRModule:
    for variable, function in module.functions.items():
        if isinstance(function, tirx.PrimFunc) and variable.name_hint.rstrip("0123456789") in _APART:
            module.update_func(variable, function.with_attr("op_pattern", _OPAQUE))
    return module


def fuse(module: tvm.IRModule) -> tvm.IRModule:
    """Operators become TensorIR functions; a function takes in the element-wise operators behind it."""
    passes = [
        relax.transform.LegalizeOps(),
        relax.transform.AnnotateTIROpPattern(),
        _keep_apart,
        relax.transform.FuseOps(),
        relax.transform.FuseTIR(),
        relax.transform.RewriteDataflowReshape(),
        relax.transform.DeadCodeElimination(),
    ]
    return tvm.transform.Sequential(passes)(module)
