from __future__ import annotations

from pathlib import Path

import pytest

from neo_compiler.errors import UsageError
from neo_compiler.options import CompileOptions


@pytest.mark.parametrize("tolerance", [-1e-9, float("nan"), float("inf")])
def test_a_tolerance_is_a_number_of_at_least_zero(tolerance: float) -> None:
    with pytest.raises(UsageError, match="tolerance"):
        CompileOptions(Path("model.onnx"), tolerance=tolerance)


def test_a_seed_is_not_negative() -> None:
    with pytest.raises(UsageError, match="seed"):
        CompileOptions(Path("model.onnx"), seed=-1)
