"""What a model consists of, before anything is asked of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import onnx
import onnx_ir as ir

from neo_compiler.graph.checks.operators import unsupported_operators
from neo_compiler.graph.passes.inline import inline_functions
from neo_compiler.graph.passes.lift_constants import lift_constants
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.passes.splice_ifs import splice_ifs
from neo_compiler.graph.passes.tidy import drop_unused
from neo_compiler.graph.rewrites import REWRITES
from neo_compiler.graph.shape_inference.fold import fold
from neo_compiler.graph.values import spec


def survey(model: onnx.ModelProto) -> dict[str, Any]:
    """Inputs and outputs as text, weights in bytes, operators with their counts, as plain data.

    `unsupported` lists the operators that cannot be compiled in any form; fixing the shapes may make some of
    them go.
    """
    graph = ir.from_proto(model)
    inputs, outputs = list(map(spec, graph.graph.inputs)), list(map(spec, graph.graph.outputs))
    for step in (name_nodes, inline_functions, lift_constants, fold, splice_ifs, drop_unused):
        step(graph)
    weights = graph.graph.initializers.values()
    operators = Counter(f"{node.domain}.{node.op_type}".lstrip(".") for node in graph.graph)
    return {
        "producer": " ".join(filter(None, (graph.producer_name, graph.producer_version))) or None,
        "opset": graph.graph.opset_imports.get(""),
        "inputs": inputs,
        "outputs": outputs,
        "weights": sum(value.const_value.nbytes for value in weights if value.const_value is not None),
        "operators": dict(operators.most_common()),
        "unsupported": {
            name: len(nodes) for name, nodes in unsupported_operators(graph).items() if name not in REWRITES
        },
    }
