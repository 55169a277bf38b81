from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import neo_compiler
from neo_compiler.errors import UsageError
from neo_compiler.options import CompileOptions, Fallback, options_from
from neo_compiler.sizes import Axis, Sizes


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan"), float("inf")])
def test_a_tolerance_is_a_number_of_at_least_zero(tolerance: float) -> None:
    with pytest.raises(UsageError, match="tolerance"):
        CompileOptions(Path("model.onnx"), tolerance=tolerance)


def test_a_seed_is_not_negative() -> None:
    with pytest.raises(UsageError, match="seed"):
        CompileOptions(Path("model.onnx"), seed=-1)


def test_keywords_are_read_as_python_code_gives_them() -> None:
    assert options_from({}) == CompileOptions(Path())
    found = options_from(
        {
            "target": ["host", "x86-64-v2"],
            "output": "a.tar.gz",
            "target_file": None,
            "input_shapes": {"x": (1, "2..3", [4, 5])},
            "dimensions": {"n": 6},
            "fallback": "whole",
        }
    )
    assert (found.target, found.further_targets) == ("host", ("x86-64-v2",))
    assert (found.output, found.target_file) == (Path("a.tar.gz"), None)
    assert found.input_shapes == {"x": (1, Axis("", Sizes(2, 3)), Axis("", Sizes(4, 5, (4, 5))))}
    assert found.dimensions == {"n": Sizes(6, 6, (6,))}
    assert found.fallback is Fallback.WHOLE


@pytest.mark.parametrize("keyword", ["further_targets", "colour"])
def test_a_keyword_that_is_none_is_refused(keyword: str) -> None:
    given: dict[str, Any] = {keyword: ()}
    with pytest.raises(TypeError, match=rf"compile\(\) got an unexpected keyword argument '{keyword}'"):
        neo_compiler.compile("model.onnx", **given)
