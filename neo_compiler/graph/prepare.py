"""The list of passes that every model goes through before it is lowered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx
import onnx_ir as ir

from neo_compiler.graph.check_operators import check_operators
from neo_compiler.graph.check_static import check_static
from neo_compiler.graph.drop_no_ops import drop_no_ops
from neo_compiler.graph.explicit_padding import explicit_padding
from neo_compiler.graph.fix_shapes import fix_shapes
from neo_compiler.graph.fold import fold
from neo_compiler.graph.inline import inline_functions
from neo_compiler.graph.lift_constants import lift_constants
from neo_compiler.graph.name_nodes import name_nodes
from neo_compiler.graph.splice_ifs import splice_ifs
from neo_compiler.graph.tidy import drop_unused, tidy

# Each pass edits the model in place and leaves it valid.
PASSES: tuple[Callable[[ir.Model], object], ...] = (
    name_nodes,
    inline_functions,
    lift_constants,
    fold,
    splice_ifs,
    drop_unused,
    check_operators,
    drop_no_ops,
    explicit_padding,
    tidy,
    check_static,
)


def prepare(model: onnx.ModelProto, input_shapes: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """A copy of `model` with static shapes, folded constants and only operators that can be lowered.

    `input_shapes` gives the shape of each input that has symbolic dimensions; `model` is one that
    `neo_compiler.frontend.load` returned. Input and output names stay as they are.

    Raises UsageError for shapes that are missing or do not fit, UnsupportedOperators for operators without
    native code, ModelError for inputs and shapes that cannot be compiled.
    """
    graph = ir.from_proto(model)
    fix_shapes(graph, input_shapes)
    for step in PASSES:
        step(graph)
    return ir.to_proto(graph)
