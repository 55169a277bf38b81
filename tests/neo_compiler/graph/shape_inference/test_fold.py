from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
from onnx import numpy_helper

from neo_compiler.graph.shape_inference.fold import GROWTH_LIMIT, fold
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, with_weights


def folded(model: onnx.ModelProto) -> onnx.ModelProto:
    graph = ir.from_proto(model)
    fold(graph)
    result = ir.to_proto(graph)
    onnx.checker.check_model(result, full_check=True)
    return result


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def weight(model: onnx.ModelProto, name: str) -> np.ndarray:
    return next(numpy_helper.to_array(value) for value in model.graph.initializer if value.name == name)


def output_shape(model: onnx.ModelProto) -> list[int]:
    return [size.dim_value for size in model.graph.output[0].type.tensor_type.shape.dim]


def test_constants_are_computed() -> None:
    body = """g (float[2] x, float[2] a, float[2] b) => (float[2] y) {
        c = Add(a, b)
        d = Neg(c)
        y = Mul(x, d)
    }"""
    result = folded(with_weights(parse(body), a=[1.0, 2.0], b=[3.0, 4.0]))
    assert operators(result) == ["Mul"]
    np.testing.assert_array_equal(weight(result, "d"), np.array([-4, -6], np.float32))


def test_a_shape_computation_becomes_a_static_reshape() -> None:
    body = """g (float[2, 3, 4] x, int64[1] zero, int64[1] one, int64[1] rest) => (float[A, B] y) {
        s = Shape(x)
        n = Slice(s, zero, one)
        target = Concat<axis=0>(n, rest)
        y = Reshape(x, target)
    }"""
    result = folded(with_weights(parse(body), zero=[0], one=[1], rest=[-1]))
    assert operators(result) == ["Reshape"]
    np.testing.assert_array_equal(weight(result, "target"), [2, -1])
    assert output_shape(result) == [2, 12]


def test_shapes_flow_through_a_chain_in_one_walk() -> None:
    steps = "".join(f"s{i} = Shape(x{i}) x{i + 1} = Reshape(x{i}, s{i})\n" for i in range(20))
    result = folded(parse(f"g (float[2, 3] x0) => (float[A, B] y) {{ {steps} y = Relu(x20) }}"))
    assert operators(result) == ["Reshape"] * 20 + ["Relu"]
    assert output_shape(result) == [2, 3]


def test_shape_with_bounds_and_size() -> None:
    body = """g (float[2, 3, 4] x) => (int64[2] y, int64 z) {
        s = Shape<start=-2>(x)
        y = Identity(s)
        n = Size(x)
        z = Identity(n)
    }"""
    result = folded(parse(body))
    np.testing.assert_array_equal(weight(result, "s"), [3, 4])
    assert weight(result, "n") == 24


def test_what_would_grow_beyond_the_limit_stays() -> None:
    side = int((GROWTH_LIMIT / 4) ** 0.5)
    for size, kept in ((side + 1, True), (side, False)):
        body = f"""g (float[{size}, {size}] x, int64[2] shape) => (float[{size}, {size}] y) {{
            c = ConstantOfShape(shape)
            y = Add(x, c)
        }}"""
        result = folded(with_weights(parse(body), shape=[size, size]))
        assert ("ConstantOfShape" in operators(result)) is kept


def test_a_large_weight_that_does_not_grow_is_computed() -> None:
    body = """g (float[1, 256] x, float[256, 256] w) => (float[1, 256] y) {
        t = Transpose<perm=[1, 0]>(w)
        y = MatMul(x, t)
    }"""
    values = np.arange(256 * 256, dtype=np.float32).reshape(256, 256)
    result = folded(with_weights(parse(body), w=values))
    assert operators(result) == ["MatMul"]
    np.testing.assert_array_equal(weight(result, "t"), values.T)


def test_quantised_weights_stay_quantised() -> None:
    quantised = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    cast = "g (float[1, 4] x, int8[4, 4] w) => (float[1, 4] y) { f = Cast<to=1>(w) y = MatMul(x, f) }"
    result = folded(with_weights(parse(cast), w=quantised))
    assert operators(result) == ["Cast", "MatMul"]
    linear = """g (float[1, 4] x, int8[4, 4] w, float scale, int8 zero) => (float[1, 4] y) {
        f = DequantizeLinear(w, scale, zero) y = MatMul(x, f)
    }"""
    result = folded(with_weights(parse(linear), w=quantised, scale=0.5, zero=np.int8(0)))
    assert operators(result) == ["DequantizeLinear", "MatMul"]


def test_random_values_stay_random() -> None:
    body = "g (float[2] x, float[2] n) => (float[2] y) { r = RandomNormalLike(n) y = Add(x, r) }"
    assert operators(folded(with_weights(parse(body), n=[0.0, 0.0]))) == ["RandomNormalLike", "Add"]


def test_a_constant_output_comes_from_a_node() -> None:
    body = """g (float[2] x, float[2] w) => (int64[1] s, float[2] y, float[2] z) {
        s = Shape(x)
        y = Neg(w)
        z = Add(x, y)
    }"""
    result = folded(with_weights(parse(body), w=[1.0, 2.0]))
    assert operators(result) == ["Constant", "Constant", "Add"]
    assert [output.name for output in result.graph.output] == ["s", "y", "z"]
    assert Reference(result).run({"x": np.ones(2, np.float32)})["s"].tolist() == [2]


def test_a_value_that_numpy_cannot_hold_stays() -> None:
    body = "g (bfloat16[2] x, bfloat16[2] a) => (bfloat16[2] y) { b = Neg(a) y = Add(x, b) }"
    model = parse(body)
    del model.graph.input[1]
    model.graph.initializer.append(onnx.helper.make_tensor("a", onnx.TensorProto.BFLOAT16, [2], [1.0, 2.0]))
    assert operators(folded(model)) == ["Neg", "Add"]
