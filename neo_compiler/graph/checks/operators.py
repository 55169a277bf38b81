"""Operators without native code are listed at once, before anything is lowered."""

from __future__ import annotations

import onnx_ir as ir

from neo_compiler.errors import UnsupportedOperators

# The importer looks at an operator's name only: these names are known in one domain, and mean another
# operator, or one with other attributes, in the other.
CONTRIB = frozenset(
    {
        "Attention",
        "BiasGelu",
        "EmbedLayerNormalization",
        "FastGelu",
        "MatMulInteger16",
        "SkipLayerNormalization",
    }
)
# What the importer knows, but no static plan of kernel calls can express.
DYNAMIC = frozenset({"If", "Loop", "Scan", "Optional", "OptionalGetElement", "OptionalHasElement"})
# What the importer knows, but has kernels for in TVM's own runtime only, or instructions that LLVM lacks.
WITHOUT_KERNEL = frozenset({"Cosh", "CumSum", "Sinh", "TopK"})
# What the importer does not know, but the lowering does.
OWN = frozenset({"BitCast", "ai.onnx.ml.TreeEnsembleRegressor"})


def check_operators(model: ir.Model) -> None:
    """Raise UnsupportedOperators with every operator of the graph that cannot be lowered."""
    if found := unsupported_operators(model):
        raise UnsupportedOperators(found, opsets=model.graph.opset_imports)


def unsupported_operators(model: ir.Model) -> dict[str, list[str]]:
    """The names of the nodes of each operator that cannot be lowered."""
    supported = supported_operators()
    found: dict[str, list[str]] = {}
    for node in model.graph:
        name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
        if name not in supported:
            found.setdefault(name, []).append(str(node.name))
    return found


def supported_operators() -> frozenset[str]:
    """Names of the operators that can be lowered; those outside the default domain with their domain."""
    from tvm.relax.frontend.onnx import onnx_frontend

    known = frozenset(onnx_frontend._get_convert_map())
    sequences = {name for name in known if "Sequence" in name}
    contrib = {f"com.microsoft.{name}" for name in CONTRIB & known}
    return known - CONTRIB - DYNAMIC - WITHOUT_KERNEL - sequences | contrib | OWN
