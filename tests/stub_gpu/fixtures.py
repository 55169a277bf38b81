"""Fixtures for tests over the driver without a GPU; a conftest.py that wants them imports them."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stub_gpu import sample
from tests.stub_gpu.stub import Stub, driver


@pytest.fixture(scope="session")
def mlp_for_gpu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked artifact for a CUDA device; not to be changed."""
    return sample.build(tmp_path_factory.mktemp("gpu") / "artifact")


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """A driver without a GPU, which executes kernels; afterwards nothing may be left, and no rule broken."""
    if not shutil.which("gcc"):
        pytest.skip("gcc, which compiles the driver without a GPU, is not installed")
    found = Stub(tmp_path)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    ctypes.CDLL(str(driver())).stub_reset()
    yield found
    assert not found.violations


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a CUDA driver."""
    monkeypatch.setenv("NEO_CUDA_DRIVER", "/nowhere/libcuda.so.1")
