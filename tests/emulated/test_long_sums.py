"""Products of very long rows, and convolutions of many channels, are as exact on ARM as in onnxruntime."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from tests.neo_compiler.models import parse, save, with_weights

pytestmark = pytest.mark.skipif(
    not shutil.which("qemu-arm"), reason="qemu-arm is missing: apt install qemu-user"
)
MODELS = {
    "dense": "g (float[1, 25088] x, float[25088, 16] w) => (float[1, 16] y) { y = MatMul(x, w) }",
    "conv2d": (
        "g (float[1, 512, 9, 9] x, float[16, 512, 3, 3] w) => (float[1, 16, 4, 4] y) "
        "{ y = Conv<strides = [2, 2]>(x, w) }"
    ),
    "winograd": (
        "g (float[1, 512, 14, 14] x, float[16, 512, 3, 3] w) => (float[1, 16, 14, 14] y) "
        "{ y = Conv<pads = [1, 1, 1, 1]>(x, w) }"
    ),
}
ALLOWED = 1e-6  # added one after the other, all products lay 1.7e-6 to 5e-6 from onnxruntime's


@pytest.mark.parametrize("target", ["rasp3b", "rasp4b"])
@pytest.mark.parametrize("name", MODELS)
def test_rounding_errors_stay_small(name: str, target: str, tmp_path: Path) -> None:
    model = parse(MODELS[name])
    shape = [int(size.dim_value) for size in model.graph.input[1].type.tensor_type.shape.dim]
    weights = np.random.default_rng(0).standard_normal(shape)
    path = save(with_weights(model, w=weights), tmp_path)
    report = compile_model(CompileOptions(path, target, tmp_path / "out", require_verified=True))
    assert name in {rule for _, rule in report.calls}
    assert max(check.difference for check in report.checks) < ALLOWED
