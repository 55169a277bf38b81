"""A model that makes rounding errors larger is computed with smaller ones on ARM."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.verify.sample import TOLERANCE
from tests.neo_compiler.models import parse, save, with_weights

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-arm"), reason="qemu-arm is missing: apt install qemu-user"
)
MODEL = """g (float[1, 64, 28, 28] x, float[64, 64, 3, 3] w) => (float[1, 64, 28, 28] y) {
    a = Conv<pads = [1, 1, 1, 1]>(x, w)
    y = Sin(a)
}"""
ALLOWED = 2.5e-4  # in tiles of 4 by 4 outputs, in chains of 32, it lay 4.0e-4 and 4.6e-4 from onnxruntime


@pytest.mark.parametrize("target", ["rasp3b", "rasp4b"])
def test_rounding_errors_stay_small(target: str, tmp_path: Path) -> None:
    weights = 5 * np.random.default_rng(0).standard_normal((64, 64, 3, 3))
    path = save(with_weights(parse(MODEL), w=weights), tmp_path)
    report = compile_model(CompileOptions(path, target, tmp_path / "out", require_verified=True))
    assert [rule for _, rule in report.calls].count("winograd") == 1
    assert "computed more exactly" in dict(report.rows())["rounding"]
    (check,) = report.checks
    assert check.tolerance > TOLERANCE
    assert check.difference < ALLOWED
