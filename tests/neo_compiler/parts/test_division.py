from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import edge_runtime
import neo_compiler
from edge_runtime.errors import ArtifactError, ExitCode
from neo_compiler.cli import main
from neo_compiler.errors import MismatchError, UnsupportedOperators
from neo_compiler.job import compile_model
from neo_compiler.options import CompileOptions, Fallback
from neo_compiler.verify.reference import Reference
from tests.neo_compiler.models import parse, save, with_weights

# Det is an operator that no native code exists for.
MIDDLE = """g (float[2, 3, 6, 6] x, float[6, 3, 1, 1] w, float[4, 6, 3, 3] v) => (float[2, 4, 4, 4] y) {
    a = Conv(x, w) b = Relu(a) c = Det(b) two = Constant<value_ints = [2, 3]>() d = Unsqueeze(c, two)
    e = Add(b, d) y = Conv(e, v) }"""
# Only max pooling of regions is known to go wrong in the importer.
WRONG = """g (float[1, 2, 8, 8] x, float[1, 4] r, int64[1] i) => (float[1, 2, 4, 4] y) {
    a = Relu(x) b = RoiAlign<mode = "max", output_height = 4, output_width = 4>(a, r, i) y = Exp(b) }"""
LOOP = """g (float[4] x, float[4, 4] w) => (float[4] y) {
    a = MatMul(w, x) n = Constant<value_int = 3>() t = Constant<value = bool {1}>()
    l = Loop (n, t, a) <body = b (int64 i, bool c, float[4] v) => (bool d, float[4] u) {
        k = Constant<value_int = 9>() d = Less(i, k) u = Add(v, v) }>
    y = MatMul(w, l) }"""


def middle() -> onnx.ModelProto:
    random = np.random.default_rng(0)
    weights = {"w": random.standard_normal((6, 3, 1, 1)), "v": random.standard_normal((4, 6, 3, 3))}
    return with_weights(parse(MIDDLE), **weights)


def inputs(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    (value,) = model.graph.input
    shape = [size.dim_value for size in value.type.tensor_type.shape.dim]
    return {value.name: np.random.default_rng(1).standard_normal(shape).astype(np.float32)}


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("division")
    return neo_compiler.compile(save(middle(), folder), output=folder / "middle.tar.gz")


def test_one_unsupported_operator_in_the_middle_gives_three_parts(artifact: Path) -> None:
    with edge_runtime.load(artifact, threads=2) as model:
        parts = model.manifest.parts
        assert [(part.backend, part.nodes) for part in parts] == [
            ("native", 2),
            ("onnxruntime", 1),
            ("native", 3),
        ]
        assert parts[1].reasons == {"Det": "no native code exists for this operator"}
        assert [(row.backend, row.nodes) for row in model.placement] == [("native", 5), ("onnxruntime", 1)]
        given = inputs(middle())
        np.testing.assert_allclose(
            model.run(given)["y"], Reference(middle()).run(given)["y"], rtol=1e-4, atol=1e-3
        )


def test_each_step_of_each_part_is_timed(artifact: Path) -> None:
    with edge_runtime.load(artifact, threads=1) as model:
        steps = model.profile(inputs(middle()))
    assert [step.kernel for step in steps].count("onnxruntime fallback/1.onnx") == 1
    assert len(steps) >= 4
    assert all(step.seconds > 0 for step in steps)


def test_an_older_reader_is_told_that_it_needs_to_know_parts(artifact: Path) -> None:
    with edge_runtime.load(artifact, threads=1) as model:
        assert model.manifest.features == ("parts",)


def test_without_onnxruntime_the_message_tells_how_to_get_it(
    artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ArtifactError, match=r"onnxruntime, which is not installed: .*neo-edge\[fallback\]"):
        edge_runtime.load(artifact, threads=1)


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    path = neo_compiler.compile(save(middle(), tmp_path), output=tmp_path / "folder")
    (path / "fallback" / "1.onnx").unlink()
    with pytest.raises(ArtifactError, match=r"fallback/1.onnx is missing"):
        edge_runtime.load(path, threads=1)


def test_no_fallback_refuses_and_names_the_operators(tmp_path: Path) -> None:
    path = save(middle(), tmp_path)
    with pytest.raises(UnsupportedOperators, match="Det: 1 node, first: Det_2"):
        neo_compiler.compile(path, output=tmp_path / "a.tar.gz", fallback="never")
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]


def test_nothing_native_is_an_error_unless_asked_for(tmp_path: Path) -> None:
    path = save(parse("g (float[2, 2] x) => (float y) { y = Det(x) }"), tmp_path)
    with pytest.raises(UnsupportedOperators, match="nothing of the model would be compiled"):
        neo_compiler.compile(path, output=tmp_path / "a")
    whole = neo_compiler.compile(path, output=tmp_path / "a", fallback="whole")
    with edge_runtime.load(whole) as model:
        np.testing.assert_allclose(model.run({"x": np.eye(2, dtype=np.float32) * 3})["y"], 9)


def test_a_node_that_computes_something_else_goes_to_the_fallback(tmp_path: Path) -> None:
    rois = np.array([[0.2, 0.7, 6.1, 5.3]])
    model = with_weights(parse(WRONG), r=rois, i=np.array([0]))
    path = save(model, tmp_path)
    with pytest.raises(MismatchError):
        neo_compiler.compile(path, output=tmp_path / "never", fallback="never")
    report = compile_model(CompileOptions(path, output=tmp_path / "parts", fallback=Fallback.PARTS))
    parts = report.manifest.parts
    assert [part.operators for part in parts] == [{"Relu": 1}, {"RoiAlign": 1}, {"Exp": 1}]
    assert "differs from the reference" in parts[1].reasons["RoiAlign"]


def test_shapes_behind_a_loop_are_seen_in_a_run(tmp_path: Path) -> None:
    model = with_weights(parse(LOOP), w=np.eye(4) / 2)
    path = neo_compiler.compile(save(model, tmp_path), output=tmp_path / "loop")
    with edge_runtime.load(path, threads=1) as loaded:
        assert [part.backend for part in loaded.manifest.parts] == ["native", "onnxruntime", "native"]
        np.testing.assert_allclose(loaded.run({"x": np.ones(4, np.float32)})["y"], np.full(4, 2.0))


def test_a_size_that_depends_on_the_data_may_be_an_output(tmp_path: Path) -> None:
    body = "g (float[8] x, float[8, 8] w) => (int64[1, n] y) { a = MatMul(w, x) y = NonZero(a) }"
    model = with_weights(parse(body), w=np.eye(8))
    path = neo_compiler.compile(save(model, tmp_path), output=tmp_path / "model")
    x = np.array([0, 1, 0, 0, 2, 3, 0, 0], np.float32)
    with edge_runtime.load(path, threads=1) as loaded:
        assert isinstance(loaded.outputs[0].shape[1], str)
        np.testing.assert_array_equal(loaded.run({"x": x})["y"], [[1, 4, 5]])
        np.testing.assert_array_equal(loaded.run({"x": x * 0})["y"], np.zeros((1, 0), np.int64))


def test_the_report_tells_the_parts_and_why(tmp_path: Path) -> None:
    report = compile_model(CompileOptions(save(middle(), tmp_path), output=tmp_path / "folder"))
    assert dict(report.rows())["parts"] == (
        "native 2 → onnxruntime 1 → native 3 nodes; Det: no native code exists for this operator"
    )
    assert [part["backend"] for part in report.to_json()["parts"]] == ["native", "onnxruntime", "native"]


def test_the_page_of_the_report_shows_each_part(tmp_path: Path) -> None:
    path = save(middle(), tmp_path)
    page = tmp_path / "report.html"
    arguments = ["compile", str(path), "-o", str(tmp_path / "middle"), "--page", str(page), "--quiet"]
    assert main(arguments) == 0
    text = page.read_text(encoding="utf-8")
    boxes = re.findall(r'<li class="(\w+)"><b>(\w+)</b>, (\d) nodes?<br>([^<]*)', text)
    assert [(kind, nodes) for kind, _, nodes, _ in boxes] == [
        ("native", "2"),
        ("onnxruntime", "1"),
        ("native", "3"),
    ]
    assert [names for _, _, _, names in boxes][1] == "Det 1"
    assert "<td>Det</td><td>no native code exists for this operator</td>" in text
    assert main([*arguments[:4], "--page", str(tmp_path / "nowhere" / "report.html")]) == ExitCode.USAGE


def test_an_artifact_in_parts_can_be_verified_again(artifact: Path, tmp_path: Path) -> None:
    assert main(["verify", str(artifact), str(save(middle(), tmp_path))]) == 0
