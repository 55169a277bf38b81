"""The lowering, read from top to bottom."""

from __future__ import annotations

import onnx
import tvm
from tvm import relax, tirx

from neo_compiler.lower.affine import fold_affine
from neo_compiler.lower.blocked import block_layouts
from neo_compiler.lower.bounds import keep_inside
from neo_compiler.lower.compute.layout import CONCAT
from neo_compiler.lower.embedding import look_up_first
from neo_compiler.lower.extremes import from_infinity
from neo_compiler.lower.importer import to_relax
from neo_compiler.lower.vector_math import vectorize_math
from neo_compiler.stages import Stages
from neo_compiler.target import Target


def lower(
    model: onnx.ModelProto, target: Target, stages: Stages | None = None, *, any_rows: bool = False
) -> tvm.IRModule:
    """A prepared model as one Relax function `main` that calls fused, unscheduled TensorIR functions.

    `any_rows`: none of them depends on how a number of rows can be divided.
    """
    stages = stages or Stages()
    with tvm.target.Target(target.nvptx() if target.gpu else target.llvm()):
        with stages("import"):
            module = keep_inside(from_infinity(look_up_first(fold_affine(to_relax(model)))))
        with stages("layout"):
            module = module if target.gpu else block_layouts(module, target, any_rows=any_rows)
        with stages("fuse"):
            module = fuse(module)
            return module if target.gpu else vectorize_math(module)


# How fusion may treat our own kernels where TVM's analysis sees too much or too little in them (values of
# its OpPatternKind). Padding is written by the kernel before it; a cropped width has no full vectors;
# concatenation stays alone, since the memory plan can make it vanish.
_ELEMENTWISE, _INJECTIVE, _ANCHOR, _OPAQUE = 0, 2, 4, 8
_PATTERNS = {
    "winograd": _ANCHOR,
    "pad": _ELEMENTWISE,
    "crop": _INJECTIVE,
    "shuffle": _INJECTIVE,
    CONCAT: _OPAQUE,
}


def kernel_kind(variable: tvm.ir.GlobalVar) -> str:
    """The name that a kernel's expression has; TVM numbers kernels of one name."""
    return str(variable.name_hint).rstrip("0123456789")


@tvm.transform.module_pass(opt_level=0)
def _set_patterns(module: tvm.IRModule, _context: tvm.transform.PassContext) -> tvm.IRModule:
    for variable, function in module.functions.items():
        pattern = _PATTERNS.get(kernel_kind(variable))
        if isinstance(function, tirx.PrimFunc) and pattern is not None:
            module.update_func(variable, function.with_attr("op_pattern", pattern))
    return module


def fuse(module: tvm.IRModule) -> tvm.IRModule:
    """Operators become TensorIR functions; a function takes in the element-wise operators behind it."""
    passes = [
        relax.transform.LegalizeOps(),
        relax.transform.AnnotateTIROpPattern(),
        _set_patterns,
        relax.transform.FuseOps(),
        relax.transform.FuseTIR(),
        relax.transform.RewriteDataflowReshape(),
        relax.transform.DeadCodeElimination(),
    ]
    return tvm.transform.Sequential(passes)(module)
