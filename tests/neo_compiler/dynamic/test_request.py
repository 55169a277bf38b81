from __future__ import annotations

import pytest

from neo_compiler.dynamic.request import Request, resolve
from neo_compiler.errors import UsageError
from neo_compiler.sizes import Sizes, parse_dimensions, parse_input_shapes
from tests.neo_compiler.models import parse

PAIR = """g (float[batch, n] x, float[batch, n] y, float[4] fixed) => (float[batch, n] z) {
    s = Add(x, y)
    z = Identity(s)
}"""
UNNAMED = "g (float[?, 3] x) => (float[?, 3] y) { y = Relu(x) }"


def asked(body: str, shapes: list[str], dimensions: list[str]) -> Request:
    return resolve(parse(body), parse_input_shapes(shapes), parse_dimensions(dimensions))


def test_a_dimension_that_the_model_names_is_that_of_all_inputs() -> None:
    request = asked(PAIR, ["x:2,1..8"], [])
    assert request.shapes == {"x": (2, "n")}
    assert request.dimensions == {"n": Sizes(1, 8)}
    assert asked(PAIR, ["x:[1,2],1..8"], []).shapes == {"x": ("batch", "n"), "y": ("batch", "n")}


def test_a_dimension_may_be_asked_for_by_the_name_that_the_model_gives_it() -> None:
    request = asked(PAIR, [], ["n=1..8", "batch=2"])
    assert request.shapes == {"x": (2, "n"), "y": (2, "n")}
    assert request.dimensions == {"n": Sizes(1, 8)}
    assert request.at({"n": 5}) == {"x": (2, 5), "y": (2, 5)}


def test_a_dimension_without_a_name_is_called_after_its_input() -> None:
    assert asked(UNNAMED, ["x:1..4,3"], []).shapes == {"x": ("x_0", 3)}
    assert asked(UNNAMED, ["x:b=1..4,3"], []).dimensions == {"b": Sizes(1, 4)}


def test_one_name_stands_for_one_size() -> None:
    square = "g (float[1, h, w] x) => (float[1, h, w] y) { y = Relu(x) }"
    request = asked(square, ["x:1,side=[32,64],side"], [])
    assert request.at({"side": 64}) == {"x": (1, 64, 64)}


def test_fixed_shapes_leave_nothing_open() -> None:
    assert asked(PAIR, ["x:2,3"], []) == Request({"x": (2, 3)}, {})


@pytest.mark.parametrize(
    ("shapes", "dimensions", "says"),
    [
        ([], ["m=1..2"], "no input of the model has a dimension 'm'.*: batch, n"),
        (["x:2,m"], [], "names the dimension 'm', but nothing tells its sizes"),
        (["x:2,1..8", "y:2,1..9"], [], "'n' is given two kinds of sizes, 1..8 and 1..9"),
        (["x:2,1..8"], ["n=1..9"], "'n' is given two kinds of sizes"),
    ],
)
def test_what_contradicts_itself_is_refused(shapes: list[str], dimensions: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        asked(PAIR, shapes, dimensions)
