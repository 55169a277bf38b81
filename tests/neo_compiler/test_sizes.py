from __future__ import annotations

import pytest

from neo_compiler.errors import UsageError
from neo_compiler.sizes import (
    Axis,
    Size,
    Sizes,
    as_size,
    as_sizes,
    parse_dimensions,
    parse_input_shape,
    parse_input_shapes,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x:1,3,224,224", ("x", (1, 3, 224, 224))),
        ("x: 1, 3", ("x", (1, 3))),
        ("input:0:1,128,128,3", ("input:0", (1, 128, 128, 3))),
        ("a/b.c:7", ("a/b.c", (7,))),
        ("scalar:", ("scalar", ())),
        ("x:1..8,3", ("x", (Axis("", Sizes(1, 8)), 3))),
        ("x:[4, 1,1],3", ("x", (Axis("", Sizes(1, 4, (1, 4))), 3))),
        ("x:batch=1..8,n", ("x", (Axis("batch", Sizes(1, 8)), Axis("n")))),
        ("a:b:s=[32,64],s", ("a:b", (Axis("s", Sizes(32, 64, (32, 64))), Axis("s")))),
    ],
)
def test_a_shape_is_read(text: str, expected: tuple[str, tuple[Size, ...]]) -> None:
    assert parse_input_shape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "x:1,,2",
            ":1,2",
            "x:1x3x4",
            "x:1.5",
            "x:-1",
            "x:8..1",
            "x:[]",
            "x:[1,]",
            "x:[1,2",
            "x:1..",
            "x:a=b",
        ),
    ],
)
def test_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="for example x:1,3,224,224"):
        parse_input_shape(text)


def test_one_input_has_one_shape() -> None:
    assert parse_input_shapes(["x:1", "y:2"]) == {"x": (1,), "y": (2,)}
    with pytest.raises(UsageError, match="'x' twice"):
        parse_input_shapes(["x:1", "x:2"])


def test_named_dimensions_are_read() -> None:
    assert parse_dimensions(["sequence=1..128", " batch =[1,4]", "n=3"]) == {
        "sequence": Sizes(1, 128),
        "batch": Sizes(1, 4, (1, 4)),
        "n": Sizes(3, 3, (3,)),
    }


@pytest.mark.parametrize("text", ["", "n", "=1..2", "n=", "n=x", "n=2..1"])
def test_other_forms_of_dimensions_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--dim"):
        parse_dimensions([text])


def test_one_dimension_has_one_kind_of_sizes() -> None:
    with pytest.raises(UsageError, match="'n' twice"):
        parse_dimensions(["n=1", "n=2"])


def test_python_code_may_give_numbers_texts_and_lists() -> None:
    assert as_size(3) == 3
    assert as_size("1..4") == Axis("", Sizes(1, 4))
    assert as_size([4, 2]) == Axis("", Sizes(2, 4, (2, 4)))
    assert as_sizes(3) == Sizes(3, 3, (3,))
    assert as_sizes("[1,4]") == as_sizes([4, 1]) == Sizes(1, 4, (1, 4))
    assert (3 in Sizes(1, 4), 3 in Sizes(1, 4, (1, 4))) == (True, False)
