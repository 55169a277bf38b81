"""The demonstration, as `make demo` runs it: real model, real photograph, real broker, real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import zoo

ROOT = Path(__file__).parents[2]
LINES = (
    "model",
    "photograph",
    "compile",
    "artifact",
    "difference",
    "simulator",
    "answer",
    "handler",
    "round trip",
)


@pytest.fixture
def fetched() -> None:
    """Skips where the model or the photograph cannot be had."""
    try:
        zoo.fetch("efficientnet-lite0")
        zoo.picture("chelsea")
        zoo.labels()
    except zoo.ZooUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.usefixtures("fetched")
def test_the_demonstration_names_the_cat_and_what_it_measured() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = {line[:12].strip(): line[12:] for line in run.stdout.splitlines() if line[:12].strip()}
    assert tuple(said) == LINES
    assert said["answer"].startswith("Egyptian cat, confidence 0.3")
    assert float(said["difference"].split()[0]) < 1e-4
    assert "inference" in said["handler"]
    assert run.stderr == ""
