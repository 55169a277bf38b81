"""A whole model for a GPU, compiled by the command line, executed from its PTX without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import zoo
from benchmarks.gpu.prepare import make_case
from edge_runtime import load
from edge_runtime.selftest import selftest
from tests.stub_gpu.stub import Stub

MODEL = "light_squeezenet"


@pytest.mark.slow
def test_squeezenet(tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As onnxruntime computes it; in two orders of the threads, and once as a graph."""
    try:
        make_case(MODEL, "cuda-sm_75", tmp_path, with_model=False)
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))
    with load(tmp_path / MODEL / "artifact.tar.gz") as model:
        for order in ("0", "1"):
            monkeypatch.setenv("STUB_ORDER", order)
            (case,) = selftest(model)
            assert case.difference < 1e-5
    assert stub.count("cuGraphLaunch") == 1
