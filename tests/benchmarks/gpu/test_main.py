"""The commands for a machine with a GPU, over a driver that has none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.gpu.__main__ import main
from edge_runtime.errors import ExitCode
from tests.stub_gpu.stub import Stub


def test_benchmark(prepared: Path, stub: Stub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "gpu.json"
    assert main([str(prepared), "--runs", "2", "--rounds", "2", "-o", str(output)]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "| ours, device ms |" in said
    assert "| mlp |" in said
    (row,) = json.loads(output.read_text(encoding="utf-8"))["rows"]
    assert row["device_ms"] == {"ours": pytest.approx(6.0)}  # three steps of the stub's clock
    assert row["median_ms"]["ours, host"] > 0
    assert row["selftest"][0]["difference"] < 1e-6
    assert "the model was not taken along" in row["missing"]["onnxruntime"]


@pytest.mark.usefixtures("no_driver")
def test_without_a_gpu(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(prepared)]) == ExitCode.ARTIFACT
    assert "there is no CUDA driver here" in capsys.readouterr().err


def device_tests(prepared: Path, output: Path, environment: dict[str, str]) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "tests.device", str(prepared), "-o", str(output)]
    code = subprocess.run(command, env=os.environ | environment, capture_output=True, check=False).returncode
    return code, json.loads(output.read_text(encoding="utf-8"))


def test_device_tests(prepared: Path, stub: Stub, tmp_path: Path) -> None:
    """All that need no other library pass, and the report says how exact the model is."""
    code, report = device_tests(prepared, tmp_path / "report.json", stub.environment)
    assert (code, report["failed"]) == (0, 0), report
    assert report["passed"] >= 6
    outputs = next(row for row in report["tests"] if "test_outputs" in row["test"])
    assert outputs["model"] == "mlp"
    assert outputs["difference"] < 1e-6
    assert all(row["reason"] for row in report["tests"] if row["outcome"] == "skipped")


def test_device_tests_without_a_gpu(prepared: Path, tmp_path: Path) -> None:
    """They are skipped, say why, and the command does not claim success."""
    nowhere = {"NEO_CUDA_DRIVER": "/nowhere/libcuda.so.1"}
    code, report = device_tests(prepared, tmp_path / "report.json", nowhere)
    assert (code, report["passed"], report["failed"]) == (1, 0, 0)
    assert all("there is no CUDA driver here" in row["reason"] for row in report["tests"])
