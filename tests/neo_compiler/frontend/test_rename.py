from __future__ import annotations

import onnx

from neo_compiler.frontend.rename import rename
from tests.neo_compiler.models import parse

MODEL = """g (float[4] a, bool[1] c) => (float[4] b) {
    b = If(c) <
        then_branch = t () => (float[4] p) { p = Relu(a) },
        else_branch = e () => (float[4] q) { q = Neg(a) }
    >
}"""


def test_inputs_and_outputs_get_their_names_in_branches_too() -> None:
    model = rename(parse(MODEL), {"a": "x", "b": "y", "c": "c"})
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["x", "c", "y"]
    onnx.checker.check_model(model, full_check=True)


def test_a_name_that_is_taken_leaves_the_model_as_it_is() -> None:
    model = parse("g (float[4] a) => (float[4] b) { h = Relu(a) b = Neg(h) }")
    assert rename(parse("g (float[4] a) => (float[4] b) { h = Relu(a) b = Neg(h) }"), {"a": "h"}) == model
    assert rename(model, {"a": "z", "b": "z"}) == model
