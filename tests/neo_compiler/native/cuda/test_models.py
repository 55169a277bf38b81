"""A whole model for a GPU, compiled by the command line, executed from its PTX without a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from benchmarks import zoo
from benchmarks.gpu.prepare import make_case
from edge_runtime import load
from edge_runtime.cli import main as edge_runtime
from edge_runtime.commands.selftest import selftest
from edge_runtime.errors import ExitCode
from neo_compiler.cli import main as neo
from tests.stub_gpu.stub import Stub

MODEL = "light_squeezenet"


@pytest.mark.slow
def test_squeezenet(tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As onnxruntime computes it; in two orders of the threads, and once as a graph."""
    try:
        make_case(MODEL, "cuda-sm_75", tmp_path, with_model=False)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    stub.clear()  # the compiler has compared on the stub too
    with load(tmp_path / MODEL / "artifact.tar.gz") as model:
        for order in ("0", "1"):
            monkeypatch.setenv("STUB_ORDER", order)
            (case,) = selftest(model)
            assert case.difference < 1e-5
    assert stub.count("cuGraphLaunch") == 1


@pytest.fixture(scope="module")
def for_both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model for this machine's CPU and for a GPU beside it, in one archive."""
    folder = tmp_path_factory.mktemp("both")
    text = "g (float[1,4] x, float[4,3] W) => (float[1,3] y) { p = MatMul(x, W) y = Softmax <axis = -1> (p) }"
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["": 17]> {text}')
    weights = np.random.default_rng(0).standard_normal((4, 3), np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weights, "W"))
    onnx.save(model, folder / "model.onnx")
    arguments = ["compile", str(folder / "model.onnx"), "-o", str(folder / "both.tar.gz")]
    assert neo([*arguments, "--target", "x86-64-v2", "--target", "cuda-sm_75"]) == ExitCode.OK
    return folder / "both.tar.gz"


def test_an_archive_for_both_runs_on_the_gpu(for_both: Path, stub: Stub) -> None:
    with load(for_both) as model:
        assert model.manifest.target.name == "cuda-sm_75"
        assert all(case.difference < 1e-5 for case in selftest(model))


@pytest.mark.usefixtures("no_driver")
def test_and_on_the_cpu_where_there_is_none(
    for_both: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge_runtime(["selftest", str(for_both)]) == ExitCode.OK
    assert "target x86-64-v2 is used instead of cuda-sm_75" in caplog.text
    assert edge_runtime(["selftest", str(for_both), "--target", "cuda-sm_75"]) == ExitCode.ARTIFACT
    assert "there is no CUDA driver here" in capsys.readouterr().err
