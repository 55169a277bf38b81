from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import edge_runtime
import neo_compiler
from edge_runtime.artifact import open_artifact
from edge_runtime.manifest import GpuNeeds
from neo_compiler.errors import MismatchError, OutputError, TargetError, UnsupportedOperators
from neo_compiler.frontend import load
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions
from neo_compiler.stages import STAGES, StageEvent
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import RELU, parse, save

SHAPES = {"x": (1, 3, 16, 16)}


def test_the_artifact_computes_what_the_model_computes(model_path: Path, artifact_path: Path) -> None:
    x = np.random.default_rng(7).standard_normal((1, 3, 16, 16)).astype(np.float32)
    expected = Reference(load(model_path)).run({"x": x})["y"]
    with edge_runtime.load(artifact_path, threads=2) as model:
        np.testing.assert_allclose(
            model.run({"x": x})["y"], expected, rtol=0, atol=1e-5 * abs(expected).max()
        )


def test_the_manifest_tells_what_was_compiled_and_found(artifact_path: Path) -> None:
    manifest = open_artifact(artifact_path).manifest
    assert manifest.model.name == "conv"
    assert manifest.model.opset == 17
    assert manifest.compiler.options["input_shapes"] == {"x": [1, 3, 16, 16]}
    assert [(row.name, row.dtype, row.shape) for row in manifest.inputs] == [("x", "float32", (1, 3, 16, 16))]
    assert [(row.name, row.dtype, row.shape) for row in manifest.outputs] == [
        ("y", "float32", (1, 32, 16, 16))
    ]
    assert manifest.memory.params_bytes >= 32 * 3 * 9 * 4
    assert manifest.accuracy is not None
    assert 0 < manifest.accuracy.max_relative < manifest.accuracy.tolerance == 1e-4
    assert [(row.backend, row.operators) for row in manifest.placement] == [
        ("native", {"Conv": 1, "Relu": 1})
    ]
    assert set(manifest.files) == {"compiled.meta", "compiled.params", "compiled.so", "selftest/0.npz"}


def test_the_metadata_is_what_neo_writes(artifact_path: Path) -> None:
    meta = json.loads((open_artifact(artifact_path).folder / "compiled.meta").read_text())
    assert meta["Model"]["Inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3, 16, 16]}]
    assert meta["Model"]["Outputs"] == [{"name": "y", "dtype": "float32", "shape": [1, 32, 16, 16]}]
    assert meta["Requirements"]["TargetDeviceType"] == "cpu"


def test_the_selftest_holds_the_models_own_answers(model_path: Path, artifact_path: Path) -> None:
    arrays = np.load(open_artifact(artifact_path).folder / "selftest" / "0.npz")
    assert set(arrays) == {"input:x", "expected:y"}
    answer = Reference(load(model_path)).run({"x": arrays["input:x"]})["y"]
    np.testing.assert_array_equal(arrays["expected:y"], answer)


def test_a_folder_is_an_artifact_too(model_path: Path, tmp_path: Path) -> None:
    path = neo_compiler.compile(model_path, output=tmp_path / "conv", input_shapes=SHAPES)
    assert sorted(file.name for file in path.iterdir()) == [
        "compiled.meta",
        "compiled.params",
        "compiled.so",
        "manifest.json",
        "selftest",
    ]
    with edge_runtime.load(path) as model:
        assert model.run({"x": np.zeros((1, 3, 16, 16), np.float32)})["y"].shape == (1, 32, 16, 16)


def test_every_stage_is_observed_and_timed(model_path: Path, tmp_path: Path) -> None:
    events: list[StageEvent] = []
    options = CompileOptions(model_path, output=tmp_path / "conv.tar.gz", input_shapes=SHAPES)
    report = compile_model(options, events.append)
    begun = [event.path[0] for event in events if event.seconds is None and len(event.path) == 1]
    ended = [event.path[0] for event in events if event.seconds is not None and len(event.path) == 1]
    assert tuple(begun) == tuple(ended) == STAGES
    assert {("lower", "import"), ("build", "link")} <= set(report.seconds)
    document = json.loads(json.dumps(report.to_json()))
    assert document["schema_version"] == 1
    assert document["artifact"] == str(tmp_path / "conv.tar.gz")
    assert document["size"] == (tmp_path / "conv.tar.gz").stat().st_size
    assert document["kernels"]["calls"] == sum(document["kernels"]["rules"].values()) > 0
    assert {"target", "time", "size", "memory", "kernels", "difference"} <= {
        title for title, _ in report.rows()
    }


def test_a_difference_beyond_the_tolerance_leaves_no_artifact(model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="1 of 1 outputs differ"):
        neo_compiler.compile(model_path, output=tmp_path / "a.tar.gz", input_shapes=SHAPES, tolerance=0)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any CPU feature and without an emulator."""
    monkeypatch.setattr("edge_runtime.package.verify.cpu_flags", frozenset)
    monkeypatch.setattr("neo_compiler.verify.emulate.shutil.which", lambda _name: None)


@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize(
    ("target", "advice"), [("rasp4b", "apt install qemu-user"), ("x86-64-v2", "no emulator")]
)
def test_code_that_must_run_and_cannot_is_not_published(
    model_path: Path, tmp_path: Path, target: str, advice: str
) -> None:
    with pytest.raises(TargetError, match=f"cannot execute code for {target} to verify it: .*{advice}"):
        neo_compiler.compile(
            model_path, target=target, output=tmp_path / "a", input_shapes=SHAPES, require_verified=True
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_nothing_runs")
def test_code_that_never_ran_says_so(model_path: Path, tmp_path: Path) -> None:
    report = compile_model(CompileOptions(model_path, "rasp4b", tmp_path / "a.tar.gz", SHAPES))
    assert (report.executed, report.checks) == ("", ())
    assert "this machine cannot execute the code" in dict(report.rows())["difference"]
    assert report.to_json()["executed"] is None
    accuracy = open_artifact(report.path, fit=False).manifest.accuracy
    assert accuracy is not None
    assert (accuracy.executed, accuracy.max_relative, accuracy.tolerance) == ("", None, 1e-4)


@pytest.mark.skipif(not find_spec("nvidia"), reason="nvidia-cuda-nvcc-cu12 is missing")
def test_code_for_a_gpu_never_ran_and_says_so(model_path: Path, tmp_path: Path) -> None:
    report = compile_model(CompileOptions(model_path, "jetson_nano", tmp_path / "a.tar.gz", SHAPES))
    assert (report.executed, report.checks) == ("", ())
    manifest = open_artifact(report.path, fit=False).manifest
    assert manifest.target.gpu == GpuNeeds("cuda", "sm_53", "4.2", "7.0")
    assert (manifest.target.arch, manifest.features) == ("aarch64", ("cuda",))


def test_kernels_of_a_gpu_are_not_tuned(model_path: Path, tmp_path: Path) -> None:
    options = CompileOptions(model_path, "jetson_nano", tmp_path / "a.tar.gz", SHAPES, tune=1)
    with pytest.raises(TargetError, match="GPUs are not tuned yet"):
        compile_model(options)


@pytest.mark.skipif(not shutil.which("qemu-aarch64"), reason="qemu-aarch64 is missing: apt install qemu-user")
def test_code_for_another_machine_runs_in_an_emulator(model_path: Path, tmp_path: Path) -> None:
    report = compile_model(
        CompileOptions(model_path, "rasp4b", tmp_path / "a.tar.gz", SHAPES, require_verified=True)
    )
    assert report.executed == "qemu-aarch64 -cpu cortex-a72"
    assert 0 < report.checks[0].difference < 1e-5
    with pytest.raises(MismatchError, match="1 of 1 outputs differ"):
        neo_compiler.compile(
            model_path, target="rasp4b", output=tmp_path / "b", input_shapes=SHAPES, tolerance=0
        )


def test_what_can_be_known_early_is_said_early(tmp_path: Path) -> None:
    """A wrong target or output is an error before the model is even read."""
    missing = tmp_path / "missing.onnx"
    with pytest.raises(TargetError, match="did you mean x86-64-v3"):
        neo_compiler.compile(missing, target="x86-64v3")
    with pytest.raises(OutputError):
        neo_compiler.compile(missing, output=tmp_path / "nowhere" / "a.tar.gz")


def test_unsupported_operators_leave_no_artifact(tmp_path: Path) -> None:
    model = save(parse("g (float[2, 2] x) => (float y) { y = Det(x) }"), tmp_path)
    with pytest.raises(UnsupportedOperators, match="Det: 1 node"):
        neo_compiler.compile(model, output=tmp_path / "a.tar.gz")
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    "body",
    [
        "g (float[2] x) => (float[2] y) { y = Identity(x) }",
        "g (float[2] x) => (float[2] y, float[2] z) { y = Relu(x) z = Identity(y) }",
        "g (float[2] x) => (int64[1] y, float[2] z) { y = Shape(x) z = Relu(x) }",
        "g (float[2] x, float[2] unused) => (float[2] y) { y = Relu(x) }",
        "g (float x) => (float y) { y = Relu(x) }",
        "g () => (float[2] y) { a = Constant<value = float[2] {3.0, 4.0}>() y = Neg(a) }",
        "g (double[2] x) => (double[2] y) { y = Exp(x) }",
        "g (bool[2] x) => (bool[2] y) { y = Not(x) }",
    ],
)
def test_the_smallest_models_compile(tmp_path: Path, body: str) -> None:
    model = parse(body)
    path = neo_compiler.compile(save(model, tmp_path), output=tmp_path / "small.tar.gz")
    with edge_runtime.load(path) as compiled:
        assert [spec.name for spec in compiled.inputs] == [value.name for value in model.graph.input]
        assert [spec.name for spec in compiled.outputs] == [value.name for value in model.graph.output]


def test_a_model_without_weights_compiles(tmp_path: Path) -> None:
    path = neo_compiler.compile(save(parse(RELU), tmp_path), output=tmp_path / "relu.tar.gz")
    with edge_runtime.load(path) as model:
        y = model.run({"x": np.array([[-1, 0, 1, 2]], np.float32)})["y"]
    np.testing.assert_array_equal(y, np.array([[0, 0, 1, 2]], np.float32))
