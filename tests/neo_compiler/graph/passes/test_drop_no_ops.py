from __future__ import annotations

import onnx
import onnx_ir as ir
import pytest

from neo_compiler.graph.passes.drop_no_ops import drop_no_ops
from neo_compiler.graph.passes.tidy import tidy
from neo_compiler.graph.shape_inference.fold import fold
from tests.neo_compiler.models import parse, with_weights

HEAD = "g (float[2, 3] x, int64[2] shape, int64[1] zero, int64[1] end, int64[1] one, int64[1] back)"


def operators(steps: str) -> list[str]:
    model = with_weights(
        parse(f"{HEAD} => (float[A, B] y) {{ a = Relu(x) {steps} y = Neg(b) }}"),
        shape=[2, 3],
        zero=[0],
        end=[9],
        one=[1],
        back=[-1],
    )
    graph = ir.from_proto(model)
    for step in (fold, drop_no_ops, tidy):
        step(graph)
    result = ir.to_proto(graph)
    onnx.checker.check_model(result, full_check=True)
    return [node.op_type for node in result.graph.node]


@pytest.mark.parametrize(
    "steps",
    [
        "b = Reshape(a, shape)",
        "b = Expand(a, shape)",
        "b = Slice(a, zero, end, one)",
        "b = Slice(a, zero, end, one, one)",
        "b = Cast<to=1>(a)",
        "b = Transpose<perm=[0, 1]>(a)",
        "b = Dropout(a)",
        "b = Concat<axis=0>(a)",
        "b = Sum(a)",
        "b = Flatten(a)",
        "c = Identity(a) b = Identity(c)",
    ],
)
def test_what_changes_nothing_is_bypassed(steps: str) -> None:
    assert operators(steps) == ["Relu", "Neg"]


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ("b = Transpose<perm=[1, 0]>(a)", "Transpose"),
        ("b = Transpose(a)", "Transpose"),
        ("c = Cast<to=11>(a) b = Cast<to=1>(c)", "Cast"),
        ("b = Slice(a, back, zero, one)", "Slice"),
        ("b = Concat<axis=0>(a, a)", "Concat"),
    ],
)
def test_what_changes_something_stays(steps: str, kept: str) -> None:
    assert kept in operators(steps)


def test_a_slice_that_reverses_stays() -> None:
    body = """g (float[3] x, int64[1] start, int64[1] end, int64[1] axis, int64[1] step) => (float[3] y) {
        y = Slice(x, start, end, axis, step)
    }"""
    graph = ir.from_proto(with_weights(parse(body), start=[-1], end=[-9], axis=[0], step=[-1]))
    fold(graph)
    drop_no_ops(graph)
    assert [node.op_type for node in graph.graph] == ["Slice"]


def test_an_output_keeps_its_name() -> None:
    graph = ir.from_proto(
        with_weights(
            parse("g (float[2] x, int64[1] s) => (float[2] y) { a = Relu(x) y = Reshape(a, s) }"), s=[2]
        )
    )
    for step in (fold, drop_no_ops, tidy):
        step(graph)
    assert [value.name for value in graph.graph.outputs] == ["y"]
    assert [node.op_type for node in graph.graph] == ["Relu"]
