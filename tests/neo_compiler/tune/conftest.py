"""A small model with several kernels that can be scheduled in more than one way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.neo_compiler.compiled import Case
from tests.neo_compiler.models import save

NETWORK = Case("""(float[1, 16, 20, 20] x, float[64, 16, 1, 1] A, float[64, 1, 3, 3] D, float[32, 64, 1, 1] E,
    float[32, 48] P) => (float[N, K] y) {
        a = Conv(x, A)
        b = Relu(a)
        c = Conv<group=64, pads=[1, 1, 1, 1]>(b, D)
        d = Conv(c, E)
        p = GlobalAveragePool(d)
        q = Flatten(p)
        y = Gemm(q, P)
    }""")


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file."""
    return save(NETWORK.model(), tmp_path_factory.mktemp("network"), "network.onnx")


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the records of this test are."""
    path = tmp_path / "records" / "tuning.sqlite"
    monkeypatch.setenv("NEO_TUNING", str(path))
    return path
