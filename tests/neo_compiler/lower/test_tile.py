from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.neo_compiler.compiled import Case, compile_onnx, on_all_targets


@on_all_targets
def test_tiles_that_fill_no_vector(target: str, tmp_path: Path) -> None:
    """TVM's own schedule of this kernel is compiled wrongly for every AVX-512 CPU by LLVM 22.1."""
    body = "(float[2, 3, 4, 5] x, int64[4] R) => (float[14, 12, 24, 10] y) { y = Tile(x, R) }"
    case = Case(body, {"R": [7, 4, 6, 2]})
    x = case.inputs()["x"]
    y = compile_onnx(case.model(), tmp_path, target).run({"x": x})["y"]
    np.testing.assert_array_equal(y, np.tile(x, (7, 4, 6, 2)))
