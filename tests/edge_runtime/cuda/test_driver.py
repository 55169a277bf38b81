"""A machine that lacks what a GPU's artifact needs says so, and takes code for its CPU if there is some."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import edge_runtime
from edge_runtime.cli import main
from edge_runtime.cuda.driver import misfit
from edge_runtime.errors import ArtifactError, ExitCode
from edge_runtime.manifest import GpuNeeds, Manifest
from neo_compiler.package.variants import gather
from tests.edge_runtime import sample
from tests.stub_gpu import sample as gpu_sample
from tests.stub_gpu.stub import Stub


def test_it_fits(stub: Stub) -> None:
    assert misfit(gpu_sample.NEEDS) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "NEO_CUDA_DRIVER",
            "/nowhere/libcuda.so.1",
            r"\(sm_53\), and there is no CUDA driver here: .*nowhere",
        ),
        ("NEO_CUDA_DRIVER", "libm.so.6", r"the CUDA driver here fails: .*cuDriverGetVersion"),
        (
            "STUB_VERSION",
            "8000",
            r"PTX 4\.2 for sm_53\) need a driver of CUDA 9\.0 or later, .* here is of 8\.0",
        ),
        ("STUB_CAPABILITY", "50", r"compiled for sm_53, and the GPU here is an sm_50"),
        (
            "STUB_DEVICES",
            "0",
            r"cuInit: no CUDA-capable device is detected \(100\); is CUDA_VISIBLE_DEVICES set",
        ),
    ],
)
def test_it_does_not_fit(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, mlp_for_gpu: Path, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    assert re.search(said, misfit(gpu_sample.NEEDS) or "")
    with pytest.raises(ArtifactError, match=said):
        edge_runtime.load(mlp_for_gpu)


def test_another_kind_of_gpu() -> None:
    assert "a GPU with opencl" in (misfit(GpuNeeds("opencl", "mali", "", "")) or "")


@pytest.mark.usefixtures("no_driver")
def test_the_command_line_without_a_driver(mlp_for_gpu: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", str(mlp_for_gpu)]) == ExitCode.ARTIFACT
    assert "there is no CUDA driver here" in capsys.readouterr().err
    assert main(["info", str(mlp_for_gpu)]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "gpu         sm_53 or later, driver of CUDA 9.0 or later (PTX 4.2)" in shown
    assert "here        it was compiled for an NVIDIA GPU (sm_53), and there is no CUDA driver here" in shown


def test_the_command_line_with_a_gpu(
    stub: Stub, mlp_for_gpu: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["selftest", str(mlp_for_gpu)]) == ExitCode.OK
    assert main(["bench", str(mlp_for_gpu), "--runs", "2", "--profile"]) == ExitCode.OK
    assert "matmul" in capsys.readouterr().out


@pytest.fixture
def for_both(mlp_for_gpu: Path, tmp_path: Path) -> Path:
    """An archive for the sample's GPU and its CPU."""
    parts = []
    gpu = Path(shutil.copytree(mlp_for_gpu, tmp_path / "gpu"))
    for source in (gpu, sample.build_mlp(tmp_path / "cpu")):
        parts.append((Manifest.from_json((source / "manifest.json").read_bytes()), source))
    (tmp_path / "whole").mkdir()
    gather(parts, tmp_path / "whole")
    return sample.pack(tmp_path / "whole", tmp_path / "both.tar.gz")


def run(archive: Path) -> str:
    """The target that is used."""
    x = np.ones((sample.ROWS, sample.INNER), np.float32)
    with edge_runtime.load(archive, threads=1) as model:
        np.testing.assert_allclose(model.run({"x": x})["y"], sample.mlp_reference(x)["y"], rtol=1e-5)
        return model.manifest.target.name


def test_the_gpu_comes_first(for_both: Path, stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    assert run(for_both) == "gpu"
    assert stub.count("cuLaunchKernel") == 3
    assert not caplog.records


@pytest.mark.usefixtures("no_driver")
def test_without_one_the_cpu_computes(for_both: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert run(for_both) == sample.TARGET
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(
        f"target {sample.TARGET} is used instead of gpu: it was compiled for an NVIDIA GPU (sm_53), "
        "and there is no CUDA driver here: /nowhere/libcuda.so.1"
    )
