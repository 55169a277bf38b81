"""Products on tensor cores: kernels, translated from PTX, agree with onnxruntime as far as they can."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import onnx
import pytest

from edge_runtime import load
from edge_runtime.commands.selftest import selftest
from edge_runtime.errors import ExitCode
from edge_runtime.manifest import GpuNeeds
from neo_compiler.cli import main as neo
from neo_compiler.graph.prepare import prepare
from neo_compiler.lower import lower
from neo_compiler.native.cuda.build import build_image
from neo_compiler.schedule import schedule
from neo_compiler.schedule.gpu.tensor_cores import unit_of
from neo_compiler.target import Precision, find_target
from neo_compiler.target.gpus import gpus
from neo_compiler.verify.difference import difference
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.compiled import Case, check, compile_onnx
from tests.neo_compiler.native.cuda.test_ptx import assembler
from tests.stub_gpu.stub import Stub

TOLERANCES = {Precision.TF32: 1e-3, Precision.FP16: 1e-2}
UNITS = {
    ("sm_80", Precision.TF32): "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
    ("sm_86", Precision.FP16): "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32",
    ("sm_75", Precision.FP16): "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32",
}
NONE = [("sm_53", Precision.FP16), ("sm_72", Precision.FP16), ("sm_75", Precision.TF32)]


def cases(tolerance: float) -> dict[str, Case]:
    """Sizes that fill no tile; each product with something that follows it."""
    return {
        "matrix": Case(
            "(float[33,20] x, float[20,45] W, float[45] B) => (float[33,45] y) { y = Gemm(x, W, B) }",
            tolerance=tolerance,
        ),
        "batched": Case(
            "(float[2,3,18,40] x, float[2,3,40,9] z) => (float[2,3,18,9] y) { m = MatMul(x, z) y = Relu(m) }",
            tolerance=tolerance,
        ),
        "turned": Case(
            "(float[17,70] x, float[30,70] W) => (float[17,30] y) { y = Gemm <transB = 1> (x, W) }",
            tolerance=tolerance,
        ),
        "convolution": Case(
            "(float[1,5,9,11] x, float[9,5,3,3] W, float[9] B) => (float[1,9,9,11] y) "
            "{ c = Conv <pads = [1, 1, 1, 1]> (x, W, B) y = Relu(c) }",
            tolerance=tolerance,
        ),
        "strided": Case(
            "(float[2,3,17,13] x, float[70,3,5,3] W) => (float[2,70,7,6] y) "
            "{ y = Conv <strides = [2, 2]> (x, W) }",
            tolerance=tolerance,
        ),
        "residual": Case(
            "(float[1,24,6,6] x, float[24,24,1,1] W) => (float[1,24,6,6] y) { c = Conv(x, W) y = Add(c, x) }",
            tolerance=tolerance,
        ),
    }


@pytest.mark.parametrize(("gpu", "precision"), UNITS)
def test_products_agree_with_onnxruntime(
    gpu: str, precision: Precision, tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads of a block run in reverse: a barrier that is missing shows."""
    monkeypatch.setenv("STUB_ORDER", "1")
    compiled = check(cases(TOLERANCES[precision]), tmp_path, f"cuda-{gpu}", precision)
    assert list(compiled.rules.values()).count("tensor cores") == 6


@pytest.mark.parametrize(("precision", "least"), [(Precision.TF32, 1e-5), (Precision.FP32, 0)])
def test_only_what_is_allowed_is_rounded(
    precision: Precision, least: float, tmp_path: Path, stub: Stub
) -> None:
    case = cases(1e-3)["turned"]
    compiled, inputs = compile_onnx(case.model(), tmp_path, "cuda-sm_80", precision), case.inputs()
    found = difference(Reference(case.model()).run(inputs)["y"], compiled.run(inputs)["y"])
    assert least <= found < (1e-3 if least else 1e-6)


def image(gpu: str, precision: Precision) -> str:
    target = replace(find_target(f"cuda-{gpu}"), precision=precision)
    module = schedule(lower(prepare(cases(1)["convolution"].model(), {}), target), target).module
    return build_image(module, ("y",), target).image.ptx


@pytest.mark.parametrize(("gpu", "precision"), UNITS)
def test_ptxas_accepts_the_instructions(gpu: str, precision: Precision, tmp_path: Path) -> None:
    """Nothing of a function is left, and sums are in registers."""
    text, source = image(gpu, precision), tmp_path / "kernels.ptx"
    assert UNITS[gpu, precision] in text
    assert not any(word in text for word in ("neo_", "call.uni", ".local"))
    assert f".version {gpus()[gpu].ptx_for(precision)}\n" in text
    source.write_text(text, encoding="ascii")
    command = [assembler(), f"-arch={gpu}", source, "-o", tmp_path / "kernels.cubin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


@pytest.mark.parametrize(("gpu", "precision"), NONE)
def test_a_gpu_without_them_computes_exactly(gpu: str, precision: Precision) -> None:
    text = image(gpu, precision)
    assert "mma" not in text
    assert "fma.rn.f32" in text


def test_architectures_and_units_agree() -> None:
    for name, gpu in gpus().items():
        target = find_target(f"cuda-{name}")
        units = {kind for kind in Precision if unit_of(replace(target, precision=kind))}
        assert units == set(gpu.precisions), name


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    onnx.save(cases(1)["convolution"].model(), path)
    return path


def test_the_manifest_and_the_report_tell_the_precision(
    model: Path, tmp_path: Path, stub: Stub, capsys: pytest.CaptureFixture[str]
) -> None:
    artifact = tmp_path / "artifact"
    asked = ["compile", str(model), "--target", "cuda-sm_75", "--precision", "fp16", "-o", str(artifact)]
    assert neo(asked) == ExitCode.OK
    assert "fp16 in 1 of 1 calls, on tensor cores" in capsys.readouterr().err
    with load(artifact) as opened:
        manifest = opened.manifest
        assert manifest.compiler.options["precision"] == "fp16"
        assert manifest.compiler.options["tolerance"] == 1e-2
        assert manifest.target.gpu == GpuNeeds("cuda", "sm_75", "6.5", "10.2")
        assert all(1e-6 < case.difference < 1e-2 for case in selftest(opened))
    assert neo(["verify", str(artifact), str(model)]) == ExitCode.OK
    assert "allowed 1.0e-02" in capsys.readouterr().out


def test_a_gpu_without_them_is_named(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["compile", str(model), "--target", "jetson_xavier", "--precision", "fp16"]
    assert neo([*asked, "-o", str(tmp_path / "artifact")]) == ExitCode.OK
    assert "fp32 throughout: sm_72 has no tensor cores for fp16" in capsys.readouterr().err


def test_cpus_refuse_another_precision(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["compile", str(model), "--target", "x86-64-v2", "--precision", "tf32"]
    assert neo([*asked, "-o", str(tmp_path / "artifact")]) == ExitCode.USAGE
    assert "--precision tf32 is for targets with a GPU, and x86-64-v2 has none" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
