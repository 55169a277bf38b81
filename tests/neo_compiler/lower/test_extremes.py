from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.neo_compiler.compiled import Case, compile_onnx


@pytest.mark.parametrize(("operator", "start"), [("ReduceMax", -np.inf), ("ReduceMin", np.inf)])
def test_the_extreme_of_infinities_is_infinite(operator: str, start: float, tmp_path: Path) -> None:
    body = f"(float[3, 40] x) => (float[3, 1] y) {{ y = {operator}<axes = [1]>(x) }}"
    x = np.full((3, 40), start, np.float32)
    x[1, 7] = np.copysign(np.finfo(np.float32).max, start)
    x[2, 39] = 2
    y = compile_onnx(Case(body).model(), tmp_path).run({"x": x})["y"]
    np.testing.assert_array_equal(y[:, 0], [start, x[1, 7], 2])
