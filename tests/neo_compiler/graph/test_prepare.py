from __future__ import annotations

import numpy as np
import onnx
import onnx.parser
import pytest

from neo_compiler.errors import UnsupportedOperators, UsageError
from neo_compiler.graph import prepare
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import SYMBOLIC, parse, with_weights

# The shape arithmetic that exporters write around a flatten, Constant nodes of several forms included.
EXPORTED = """g (float[N, 3, H, W] x, float[48, 10] w) => (float[N, 10] y) {
    zero = Constant<value_int = 0>()
    one = Constant<value_ints = [1]>()
    rest = Constant<value = int64[1] {-1}>()
    half = Constant<value_float = 0.5>()
    axes = Constant<value = int64[1] {0}>()
    s = Shape(x)
    n = Gather<axis = 0>(s, zero)
    n1 = Unsqueeze(n, axes)
    target = Concat<axis = 0>(n1, rest)
    flat = Reshape(x, target)
    scaled = Mul(flat, half)
    kept, mask = Dropout(scaled)
    same = Identity(kept)
    dead = Neg(same)
    y = MatMul(same, w)
}"""


@pytest.fixture
def model() -> onnx.ModelProto:
    return with_weights(parse(EXPORTED), w=np.linspace(-1, 1, 480).reshape(48, 10))


def test_an_exported_model_becomes_static_small_and_equal(model: onnx.ModelProto) -> None:
    before = model.SerializeToString()
    prepared = prepare(model, {"x": (2, 3, 4, 4)})
    assert model.SerializeToString() == before
    onnx.checker.check_model(prepared, full_check=True)
    assert [node.op_type for node in prepared.graph.node] == ["Reshape", "Mul", "MatMul"]
    assert [size.dim_value for size in prepared.graph.output[0].type.tensor_type.shape.dim] == [2, 10]
    inputs = seeded_inputs(prepared, 0)
    expected, actual = Reference(model).run(inputs), Reference(prepared).run(inputs)
    np.testing.assert_array_equal(actual["y"], expected["y"])


def test_a_prepared_model_can_be_imported(model: onnx.ModelProto) -> None:
    from tvm.relax.frontend.onnx import from_onnx

    module = from_onnx(prepare(model, {"x": (2, 3, 4, 4)}), keep_params_in_input=False)
    assert "matmul" in str(module)


def test_missing_shapes_come_before_everything_else() -> None:
    with pytest.raises(UsageError, match="--input-shape x:1,3"):
        prepare(parse(SYMBOLIC), {})


def test_dead_nodes_do_not_count_as_unsupported() -> None:
    body = "g (float[2, 2] x) => (float[2, 2] y) { d = Det(x) y = Relu(x) }"
    assert len(prepare(parse(body), {}).graph.node) == 1
    with pytest.raises(UnsupportedOperators, match="Det"):
        prepare(parse("g (float[2, 2] x) => (float y) { y = Det(x) }"), {})


def test_local_functions_are_inlined() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "mine" : 1]>
    g (float[2] x) => (float[2] y) { y = mine.twice(x) }
    <domain: "mine", opset_import: ["" : 17]>
    twice (a) => (b) { b = Add(a, a) }"""
    prepared = prepare(onnx.parser.parse_model(text), {})
    assert [(node.domain, node.op_type) for node in prepared.graph.node] == [("", "Add")]
