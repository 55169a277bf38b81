from __future__ import annotations

import onnx_ir as ir
import pytest

from neo_compiler.errors import UnsupportedOperators
from neo_compiler.graph.checks.static import check_static
from neo_compiler.graph.passes.name_nodes import name_nodes
from neo_compiler.graph.shape_inference.fold import fold
from tests.neo_compiler.models import parse


def check(body: str) -> None:
    graph = ir.from_proto(parse(body))
    name_nodes(graph)
    fold(graph)
    check_static(graph)


def test_a_static_model_passes() -> None:
    check("g (float[2, 3] x) => (float[A, B] y) { s = Shape(x) y = Reshape(x, s) }")


def test_the_operator_where_a_shape_stops_being_static_is_named_alone() -> None:
    with pytest.raises(UnsupportedOperators) as caught:
        check("g (float[2, 3] x) => (float[A, B] y) { n = NonZero(x) t = Transpose(n) y = Cast<to=1>(t) }")
    assert caught.value.operators == {"NonZero": ["NonZero_0"]}
    assert "the size of the result depends on the data" in str(caught.value)
