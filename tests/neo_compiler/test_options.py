from __future__ import annotations

from pathlib import Path

import pytest

from neo_compiler.errors import UsageError
from neo_compiler.options import CompileOptions, parse_input_shape, parse_input_shapes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x:1,3,224,224", ("x", (1, 3, 224, 224))),
        ("x: 1, 3", ("x", (1, 3))),
        ("input:0:1,128,128,3", ("input:0", (1, 128, 128, 3))),
        ("a/b.c:7", ("a/b.c", (7,))),
        ("scalar:", ("scalar", ())),
    ],
)
def test_a_shape_is_read(text: str, expected: tuple[str, tuple[int, ...]]) -> None:
    assert parse_input_shape(text) == expected


@pytest.mark.parametrize("text", ["", "x", "x:1,a", "x:1,,2", ":1,2", "x:1x3x4", "x:1.5"])
def test_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="for example x:1,3,224,224"):
        parse_input_shape(text)


def test_one_input_has_one_shape() -> None:
    assert parse_input_shapes(["x:1", "y:2"]) == {"x": (1,), "y": (2,)}
    with pytest.raises(UsageError, match="'x' twice"):
        parse_input_shapes(["x:1", "x:2"])


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan"), float("inf")])
def test_a_tolerance_is_a_number_of_at_least_zero(tolerance: float) -> None:
    with pytest.raises(UsageError, match="tolerance"):
        CompileOptions(Path("model.onnx"), tolerance=tolerance)


def test_a_seed_is_not_negative() -> None:
    with pytest.raises(UsageError, match="seed"):
        CompileOptions(Path("model.onnx"), seed=-1)
