"""Fixtures of the compiler's tests: state and cache of their own, and one small compiled model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

import neo_compiler
from tests.neo_compiler.models import parse, save, with_weights

CONVOLUTION = """g (float[N, 3, 16, 16] x, float[32, 3, 3, 3] w, float[32] b) => (float[N, 32, 16, 16] y) {
    c = Conv<pads = [1, 1, 1, 1]>(x, w, b)
    y = Relu(c)
}"""


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs and unpacked artifacts of a test, and of the programs that it starts, stay in its folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))


def convolution(seed: int = 0) -> onnx.ModelProto:
    """A convolution with a symbolic batch; the seed decides its weights."""
    random = np.random.default_rng(seed)
    weights = {"w": random.standard_normal((32, 3, 3, 3)), "b": random.standard_normal(32)}
    return with_weights(parse(CONVOLUTION), **weights)


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `convolution`."""
    return save(convolution(), tmp_path_factory.mktemp("model"), "conv.onnx")


@pytest.fixture(scope="session")
def artifact_path(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, compiled for this machine at batch 1."""
    output = tmp_path_factory.mktemp("artifact") / "conv.tar.gz"
    return neo_compiler.compile(model_path, output=output, input_shapes={"x": (1, 3, 16, 16)})
