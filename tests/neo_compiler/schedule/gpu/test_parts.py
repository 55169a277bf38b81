"""Sums in parts: two launches that agree with onnxruntime, executed from their PTX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from neo_compiler.target import Precision
from tests.neo_compiler.compiled import Case, check
from tests.stub_gpu.stub import Stub


def cases(tolerance: float) -> Mapping[str, Case]:
    """Few values of many terms: of sizes that fill no tile, and parts that fill no step."""
    return {
        "pixels": Case(
            "(float[1,45,5,5] x, float[19,45,3,3] W, float[19] B) => (float[1,19,5,5] y) "
            "{ c = Conv <pads = [1, 1, 1, 1]> (x, W, B) s = Sigmoid(c) y = Mul(c, s) }",
            tolerance=tolerance,
        ),
        "residual": Case(
            "(float[1,40,4,6] x, float[40,40,3,3] W) => (float[1,40,4,6] y) "
            "{ c = Conv <pads = [1, 1, 1, 1]> (x, W) s = Add(c, x) y = Relu(s) }",
            tolerance=tolerance,
        ),
        "batches": Case(
            "(float[2,9,333] x, float[2,333,11] z) => (float[2,9,11] y) { y = MatMul(x, z) }",
            tolerance=tolerance,
        ),
        "whole tiles": Case(
            "(float[32,512] x, float[512,32] W, float[32] B) => (float[32,32] y) { y = Gemm(x, W, B) }",
            tolerance=tolerance,
        ),
    }


@pytest.fixture
def backwards(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of a block run in reverse: a barrier that is missing shows."""
    monkeypatch.setenv("STUB_ORDER", "1")


@pytest.mark.usefixtures("backwards")
@pytest.mark.parametrize(
    ("gpu", "precision", "tolerance"),
    [
        ("sm_90", Precision.FP32, 1e-5),
        pytest.param("sm_80", Precision.TF32, 1e-3, marks=pytest.mark.slow),
        pytest.param("sm_75", Precision.FP16, 1e-2, marks=pytest.mark.slow),
    ],
)
def test_the_sums_are_those_of_onnxruntime(
    gpu: str, precision: Precision, tolerance: float, tmp_path: Path
) -> None:
    rows = cases(tolerance)
    compiled = check(rows, tmp_path, f"cuda-{gpu}", precision)
    assert set(compiled.rules.values()) == {"matmul" if precision is Precision.FP32 else "tensor cores"}
    assert len(compiled.plan.steps) == 2 * len(rows)
