"""PTX as NVIDIA's own assembler sees it, and what of it the plan launches."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import tvm

from neo_compiler.errors import TargetError
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.cuda import ptx
from neo_compiler.native.cuda.build import Launched, build_image, ptx_version
from neo_compiler.schedule import schedule
from neo_compiler.target import find_target
from neo_compiler.target.gpus import gpus
from tests.neo_compiler.compiled import Case

MODEL = Case(
    "(float[1,3,20,20] x, float[16,3,3,3] W, float[16,1,3,3] D, float[16,10] M) => (float[1,10] y) "
    "{ c = Conv <pads = [1, 1, 1, 1]> (x, W) r = Relu(c) d = Conv <group = 16, strides = [2, 2]> (r, D) "
    "m = MaxPool <kernel_shape = [2, 2]> (d) p = GlobalAveragePool(m) f = Flatten(p) l = MatMul(f, M) "
    "y = Softmax(l) }"
)
QUICK = ("sm_53", "sm_72", "sm_90")


@pytest.fixture(scope="module")
def module() -> tvm.IRModule:
    target = find_target("cuda-sm_53")
    return schedule(lower(prepare(MODEL.model(), {}), target), target).module


def launched(module: tvm.IRModule, gpu: str) -> Launched:
    return build_image(module, ("y",), replace(find_target("cuda-sm_53"), gpu=gpu))


def assembler() -> Path:
    spec = find_spec("nvidia.cuda_nvcc")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if not folders:
        pytest.skip("nvidia-cuda-nvcc-cu12, whose ptxas assembles kernels, is not installed")
    return Path(folders[0], "bin", "ptxas")


@pytest.mark.parametrize(
    "gpu", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in gpus()]
)
def test_ptxas_accepts_the_kernels(module: tvm.IRModule, gpu: str, tmp_path: Path) -> None:
    """Every architecture gets the first version of PTX that has it, for the sake of old drivers."""
    made = launched(module, gpu)
    assert ptx_version(made.image.ptx) == gpus()[gpu].ptx
    source = tmp_path / "kernels.ptx"
    source.write_text(made.image.ptx, encoding="ascii")
    command = [assembler(), f"-arch={gpu}", source, "-o", tmp_path / "kernels.cubin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


def test_no_toolkit_is_asked(module: tvm.IRModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a compiler nor an assembler on the path, nor what variables say of a toolkit."""
    called = tmp_path / "called"
    for name in ("nvcc", "ptxas", "cicc", "nvidia-smi", "clang"):
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\necho {name} >> {called}\nexit 1\n", encoding="ascii")
        tool.chmod(0o755)
    expected = launched(module, "sm_90").image
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    assert launched(module, "sm_90").image == expected
    assert not called.exists()


def test_every_step_is_a_launch(module: tvm.IRModule) -> None:
    made = launched(module, "sm_53")
    image, plan = made.image, made.program.plan
    assert len(image.launches) == len(plan.steps)
    assert [image.kernels[launch.kernel] for launch in image.launches] == [step.kernel for step in plan.steps]
    entries = {line.split("(")[0].split()[-1] for line in image.ptx.splitlines() if ".entry" in line}
    assert entries == set(image.kernels)
    assert plan.scratch_bytes == 0


def test_the_same_module_gives_the_same_image(module: tvm.IRModule) -> None:
    first, second = launched(module, "sm_62"), launched(module, "sm_62")
    assert (first.image, first.program.plan) == (second.image, second.program.plan)


def test_without_libdevice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ptx, "_PACKAGE", "nvidia.no_such_package")
    with pytest.raises(TargetError, match=r"pip install 'neo-edge\[cuda\]'"):
        ptx.libdevice()
