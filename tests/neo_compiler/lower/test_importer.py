from __future__ import annotations

import numpy as np
import onnx
import pytest

from neo_compiler.graph import prepare
from neo_compiler.lower.importer import to_relax
from tests.neo_compiler.compiled import Case, plan_of
from tests.neo_compiler.lower.operators import operators
from tests.neo_compiler.models import parse, with_weights

# What the importer would leave as kernels of its own, or write as many operators, and what becomes of it.
IMPORTED = {
    "Clip": (
        "(float[2, 3] x, float L, float H) => (float[2, 3] y) { y = Clip(x, L, H) }",
        {"maximum", "minimum"},
    ),
    "Clip from above": (
        '(float[2, 3] x, float H) => (float[2, 3] y) { y = Clip(x, "", H) }',
        {"minimum"},
    ),
    "Sum": ("(float[2, 3] a, float[2, 3] b, float[2, 3] c) => (float[2, 3] y) { y = Sum(a, b, c) }", {"add"}),
    "Max": (
        "(float[2, 3] a, float[2, 3] b, float[2, 3] c) => (float[2, 3] y) { y = Max(a, b, c) }",
        {"maximum"},
    ),
    "Min": ("(float[2, 3] a, float[2, 3] b) => (float[2, 3] y) { y = Min(a, b) }", {"minimum"}),
    "Conv over one axis": (
        "(float[1, 3, 9] x, float[4, 3, 3] W) => (float[N, C, T] y) { y = Conv(x, W) }",
        {"conv2d", "expand_dims", "squeeze"},
    ),
}


@pytest.mark.parametrize("name", IMPORTED)
def test_operators_that_later_passes_understand(name: str) -> None:
    body, expected = IMPORTED[name]
    assert set(operators(to_relax(prepare(Case(body).model(), {})))) == expected


def test_constants_are_inside() -> None:
    module = to_relax(prepare(Case(IMPORTED["Conv over one axis"][0]).model(), {}))
    assert [var.name for var in module["main"].params] == ["x"]


@pytest.mark.parametrize("name", ["gpu_0/data_0", "input:0", "9", "größe", "a b", "lv", "gv", "main"])
def test_names_stay(name: str) -> None:
    model = parse("g (float[2, 3] x) => (float[2, 3] y) { y = Relu(x) }")
    for node in model.graph.node:
        node.input[0], node.output[0] = name, f"{name}.out"
    model.graph.input[0].name, model.graph.output[0].name = name, f"{name}.out"
    onnx.checker.check_model(model)
    plan = plan_of(model).plan
    assert [spec.name for spec in plan.inputs] == [name]
    assert [spec.name for spec in plan.outputs] == [f"{name}.out"]


@pytest.mark.parametrize("opset", [11, 13])
def test_operands_of_resize_without_elements_count_as_not_given(opset: int) -> None:
    """tf2onnx writes them beside sizes."""
    model = with_weights(
        parse(
            """g (float[1, 2, 3, 4] x, float[0] empty, int64[4] sizes) => (float[1, 2, 6, 8] y) {
                y = Resize<mode = "linear">(x, empty, empty, sizes)
            }""",
            f'<ir_version: 6, opset_import: ["" : {opset}]>',
        ),
        empty=np.zeros(0, np.float32),
        sizes=np.array([1, 2, 6, 8]),
    )
    assert operators(to_relax(prepare(model, {}))) == ["resize2d"]
