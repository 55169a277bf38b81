"""Which rows of a model's results depend on which rows of its inputs: whether filling up a batch is exact.

A value is followed from the inputs on: `axis` is where its rows lie, and each of the batch's rows makes
`factor` of them, one behind the other. As long as every operator makes a row of its result of the same row of
its operands, and of nothing else but what is the same for all, rows that were added change no other. What is
not known to be so is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir

from neo_compiler.graph.independent.node import Dependent, Node, Rows, shape_of
from neo_compiler.graph.independent.rules import RULES

OLDEST = 13  # opset; before it, softmax joined axes


def independent(model: ir.Model, inputs: Mapping[str, int], size: int) -> dict[str, Rows | None]:
    """Where the rows of each output lie, None for an output that is the same for all.

    `model` is prepared for a batch of `size`, at least 2, which is the length of the axes `inputs`. Raises
    Dependent with the first operator whose rows are not known to be independent.
    """
    if model.graph.opset_imports.get("", 0) < OLDEST:
        raise Dependent(f"its operators are of an opset before {OLDEST}")
    known: dict[ir.Value, Rows | None] = {
        value: Rows(inputs[str(value.name)]) if value.name in inputs else None for value in model.graph.inputs
    }
    for node in model.graph:
        rows = [known.get(value) if value is not None else None for value in node.inputs]
        result = None
        if any(rows):
            rule = RULES.get(f"{node.domain}.{node.op_type}".lstrip("."))
            if rule is None:
                raise Dependent(f"{node.op_type} {node.name!r} may mix them")
            result = rule(Node(node, rows, size))
            _check(node, result, size)
        known.update(dict.fromkeys(node.outputs, result))
    return {str(value.name): known.get(value) for value in model.graph.outputs}


def _check(node: ir.Node, rows: Rows, size: int) -> None:
    for value in node.outputs:
        if value.name and shape_of(value)[rows.axis] != rows.factor * size:
            raise Dependent(f"{node.op_type} {node.name!r}: the batch has another length in {value.name!r}")
