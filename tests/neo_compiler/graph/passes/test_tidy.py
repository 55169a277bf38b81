from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from neo_compiler.graph.passes.tidy import tidy
from tests.neo_compiler.models import parse, with_weights

# Nodes → the operators that are left.
KEPT = {
    "y = Relu(x) z = Relu(x)": ["Relu", "Identity"],
    "a = Identity(x) y = Relu(a) z = Exp(a)": ["Relu", "Exp"],
    "y = Relu(x) z = Identity(y)": ["Relu", "Identity"],
    "a = Relu(x) y = Identity(a) z = Identity(a)": ["Relu", "Identity"],
    "a = Relu(x) b = Identity(a) y = Identity(b) z = Exp(b)": ["Relu", "Exp"],
    "y = Identity(x) z = Relu(y)": ["Identity", "Relu"],
    "y = Identity(w) z = Identity(x)": ["Identity", "Identity"],
    "y = Relu(x) a = Exp(x) b = Exp(x) z = Add(a, b)": ["Relu", "Exp", "Add"],
    "y = Relu(x) z = Exp(x) a = Tanh(x)": ["Relu", "Exp"],
}


@pytest.mark.parametrize("nodes", KEPT)
def test_what_no_output_needs_goes(nodes: str) -> None:
    body = f"g (float[2] x, float[2] w) => (float[2] y, float[2] z) {{ {nodes} }}"
    graph = ir.from_proto(with_weights(parse(body), w=[1.0, 2.0]))
    tidy(graph)
    result = ir.to_proto(graph)
    onnx.checker.check_model(result, full_check=True)
    assert [output.name for output in result.graph.output] == ["y", "z"]
    assert [node.op_type for node in result.graph.node] == KEPT[nodes]
