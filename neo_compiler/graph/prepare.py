"""The list of passes that every model goes through before it is lowered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.graph.checks.disputed import refuse_disputed
from neo_compiler.graph.checks.endless import refuse_endless
from neo_compiler.graph.checks.foreign import foreign_nodes
from neo_compiler.graph.checks.interface import check_interface
from neo_compiler.graph.checks.operators import check_operators
from neo_compiler.graph.checks.static import check_static
from neo_compiler.graph.dump import Seen, unseen
from neo_compiler.graph.nodes import listed
from neo_compiler.graph.passes.drop_no_ops import drop_no_ops
from neo_compiler.graph.passes.expand_functions import expand_functions
from neo_compiler.graph.passes.explicit_padding import explicit_padding
from neo_compiler.graph.passes.inline import inline_functions
from neo_compiler.graph.passes.lift_constants import lift_constants
from neo_compiler.graph.passes.lower_operators import lower_operators
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.passes.splice_ifs import splice_ifs
from neo_compiler.graph.passes.tidy import drop_unused, tidy
from neo_compiler.graph.passes.unroll_loops import unroll_loops
from neo_compiler.graph.passes.upgrade import upgrade
from neo_compiler.graph.passes.widen import widen
from neo_compiler.graph.shape_inference.fix_shapes import fix_shapes
from neo_compiler.graph.shape_inference.fold import fold, keep
from neo_compiler.graph.shape_inference.observe import observe
from neo_compiler.graph.values import is_static

# Each pass edits the model in place and leaves it valid.
PASSES: tuple[Callable[[ir.Model], object], ...] = (
    name_nodes,
    inline_functions,
    lift_constants,
    refuse_endless,
    fold,
    splice_ifs,
    unroll_loops,
    splice_ifs,
    drop_unused,
    expand_functions,
    widen,
    lower_operators,
    fold,
    drop_no_ops,
    explicit_padding,
    tidy,
    refuse_disputed,
)


@dataclass(frozen=True)
class Prepared:
    """A model ready to be cut into parts.

    `foreign` tells why no native code can be made for some nodes; its keys are the nodes' first outputs.
    `operators` lists those of the original, for messages.
    """

    model: onnx.ModelProto
    foreign: Mapping[str, str]
    operators: str = ""


def canonicalise(
    model: onnx.ModelProto,
    input_shapes: Mapping[str, tuple[int, ...]],
    kept: Collection[str] = (),
    seen: Seen = unseen,
) -> ir.Model:
    """A copy of `model` with static inputs and folded constants, simplified; input and output names stay.

    `input_shapes` gives the shape of each input that has symbolic dimensions; `model` is one that
    `neo_compiler.frontend.load` returned. Values named in `kept` are not folded. `seen` is called with the
    name of each step and what it made.

    Raises UsageError for shapes that are missing or do not fit, ModelError for inputs that cannot be
    compiled.
    """
    graph = ir.from_proto(upgrade(model))
    seen(upgrade.__name__, graph)
    check_interface(graph)
    fix_shapes(graph, input_shapes)
    seen(fix_shapes.__name__, graph)
    keep(graph, kept)
    for step in PASSES:
        step(graph)
        seen(step.__name__, graph)
    return graph


def prepared(model: onnx.ModelProto, input_shapes: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """What `canonicalise` makes, whether it can be lowered or not."""
    return ir.to_proto(canonicalise(model, input_shapes))


def prepare(model: onnx.ModelProto, input_shapes: Mapping[str, tuple[int, ...]]) -> onnx.ModelProto:
    """The canonical model, all of whose operators can be lowered. Raises as `canonicalise` does, and
    UnsupportedOperators for operators without native code and shapes that depend on the data.
    """
    graph = canonicalise(model, input_shapes)
    check_operators(graph)
    check_static(graph)
    return ir.to_proto(graph)


def prepare_parts(
    model: onnx.ModelProto,
    input_shapes: Mapping[str, tuple[int, ...]],
    samples: Callable[[onnx.ModelProto], Sequence[Mapping[str, np.ndarray]]],
    kept: Collection[str] = (),
    seen: Seen = unseen,
) -> Prepared:
    """The canonical model, and which of its nodes cannot be lowered. Raises as `canonicalise` does.

    `samples` draws inputs; where no rule tells a shape, it is seen on them in onnxruntime.
    """
    graph = canonicalise(model, input_shapes, kept, seen)
    if not all(is_static(value) for node in graph.graph for value in node.outputs if value.name):
        fold(graph, observe(graph, samples(ir.to_proto(graph))))
        drop_unused(graph)
        seen(observe.__name__, graph)
    return Prepared(ir.to_proto(graph), foreign_nodes(graph), listed(model))
