"""Tests on a real GPU: skipped, with the reason, where there is none or nothing to run on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import edge_runtime
from benchmarks.gpu.cases import Case, cases
from edge_runtime.commands.selftest import cases as examples
from edge_runtime.cuda.driver import misfit
from edge_runtime.manifest import GpuNeeds

CASES = "NEO_GPU_CASES"  # a folder made by `python -m benchmarks.gpu.prepare`
ANY = GpuNeeds("cuda", "sm_50", "4.0", "9.0")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `case` runs for each one; without any it is skipped."""
    if "case" not in metafunc.fixturenames:
        return
    folder = os.environ.get(CASES)
    found = list(cases(Path(folder))) if folder else []
    rows: list[Any] = [pytest.param(case, id=case.name) for case in found]
    reason = f"{CASES} names no folder with cases: make one with `python -m benchmarks.gpu.prepare`"
    metafunc.parametrize("case", rows or [pytest.param(None, marks=pytest.mark.skip(reason))])


@pytest.fixture(autouse=True, scope="session")
def gpu() -> None:
    """Skips everything where no GPU can be used."""
    if reason := misfit(ANY):
        pytest.skip(f"no GPU: {reason}")


@pytest.fixture
def model(case: Case) -> Iterator[edge_runtime.Model]:
    with edge_runtime.load(case.artifact) as opened:
        yield opened


@pytest.fixture
def feed(model: edge_runtime.Model) -> dict[str, Any]:
    """The first of the artifact's own examples."""
    return examples(model.artifact)[0].inputs
