from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.graph.shape_inference.fix_shapes import fix_shapes
from tests.neo_compiler.models import RELU, SYMBOLIC, parse

TWO = "g (int64[B, S] ids, int64[B, S] mask, float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }"


def fixed(body: str, **shapes: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    model = ir.from_proto(parse(body))
    fix_shapes(model, shapes)
    return {str(value.name): tuple(value.shape.numpy()) for value in model.graph.inputs if value.shape}


def test_a_static_model_needs_nothing() -> None:
    assert fixed(RELU) == {"x": (1, 4)}


def test_a_shape_is_taken() -> None:
    assert fixed(SYMBOLIC, x=(1, 3, 32, 48)) == {"x": (1, 3, 32, 48)}


def test_an_input_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(ModelError, match="larger than any memory"):
        fixed(SYMBOLIC, x=(1, 3, 2**31, 2**31))


def test_a_symbol_fixed_at_one_input_is_fixed_at_all() -> None:
    assert fixed(TWO, ids=(2, 64)) == {"ids": (2, 64), "mask": (2, 64), "x": (1, 4)}


def test_a_missing_shape_names_the_inputs_and_the_option() -> None:
    with pytest.raises(UsageError) as caught:
        fixed(SYMBOLIC)
    assert "x float32[N,3,H,W]" in str(caught.value)
    assert "add: --input-shape x:1,3,?,? " in str(caught.value)
    with pytest.raises(UsageError, match=r"--input-shape ids:1,\? --input-shape mask:1,\? "):
        fixed(TWO)


@pytest.mark.parametrize("size", ["dim_param: '?'", "dim_param: '-1'", "dim_value: -1", "dim_value: 0", ""])
def test_every_way_to_write_an_unknown_size_asks_for_a_shape(size: str) -> None:
    model = parse("g (float[N] x) => (float[N] y) { y = Relu(x) }")
    dim = model.graph.input[0].type.tensor_type.shape.dim[0]
    dim.Clear()
    if size:
        key, value = size.split(": ")
        setattr(dim, key, int(value) if key == "dim_value" else value.strip("'"))
    with pytest.raises(UsageError, match=r"--input-shape x:\?"):
        fix_shapes(ir.from_proto(model), {})
    fix_shapes(ir.from_proto(model), {"x": (7,)})


def test_nameless_sizes_are_not_the_same_size() -> None:
    model = parse("g (float[N, M] x) => (float[N, M] y) { y = Relu(x) }")
    for dim in model.graph.input[0].type.tensor_type.shape.dim:
        dim.dim_param = "?"
    fix_shapes(ir.from_proto(model), {"x": (2, 3)})


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 32, 32), r"gives 'x' 3 dimensions, but the model declares x float32\[N,3,H,W\]"),
        ((1, 4, 32, 32), r"x:1,4,32,32 does not fit: the model declares x float32\[N,3,H,W\]"),
        ((1, 3, -1, 32), "a dimension must be at least 0"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fixed(SYMBOLIC, x=shape)


def test_an_unknown_input_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        UsageError, match=r"no input 'idz'; did you mean 'ids'\? its inputs are: ids int64\[B,S\]"
    ):
        fixed(TWO, idz=(1, 2))


def test_one_symbol_cannot_have_two_sizes() -> None:
    with pytest.raises(UsageError, match="the dimension 'S' two sizes, 4 and 5"):
        fixed(TWO, ids=(1, 4), mask=(1, 5))


def test_an_input_of_unknown_rank_needs_a_shape() -> None:
    model = parse(RELU)
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(UsageError, match=r"x float32\[unknown rank\]"):
        fix_shapes(ir.from_proto(model), {})
    graph = ir.from_proto(model)
    fix_shapes(graph, {"x": (1, 4)})
    assert graph.graph.inputs[0].shape == (1, 4)


def test_inputs_that_are_no_tensors_of_numbers_are_refused() -> None:
    model = parse("g (string[1] x) => (string[1] y) { y = Identity(x) }")
    with pytest.raises(ModelError, match="only tensors of numbers"):
        fix_shapes(ir.from_proto(model), {})
    model = parse("g (seq(float[1]) x) => (float[1] y) { y = ConcatFromSequence<axis=0>(x) }")
    assert isinstance(model, onnx.ModelProto)
    with pytest.raises(ModelError, match="only tensors of numbers"):
        fix_shapes(ir.from_proto(model), {})
