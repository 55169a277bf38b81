from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gpu.cases import ARTIFACT, Work, write_work
from tests.edge_runtime import sample
from tests.stub_gpu.fixtures import mlp_for_gpu, no_driver, stub

__all__ = ["mlp_for_gpu", "no_driver", "stub"]


@pytest.fixture
def prepared(mlp_for_gpu: Path, tmp_path: Path) -> Path:
    """A folder with one case, the sample's."""
    case = tmp_path / "cases" / "mlp"
    case.mkdir(parents=True)
    sample.pack(mlp_for_gpu, case / ARTIFACT)
    write_work(case, Work(33000.0, 12000))
    return case.parent
