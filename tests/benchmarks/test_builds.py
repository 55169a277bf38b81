from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

import edge_runtime
from benchmarks import builds, zoo
from benchmarks.builds import BuildError, build, build_folder, fixed_shapes
from edge_runtime.errors import ExitCode
from neo_compiler.errors import TargetError

NAME = "light_squeezenet"
Have = Callable[[Callable[[], Any]], Any]


def test_folder_changes_with_compiler_target_and_model(have: Have, monkeypatch: pytest.MonkeyPatch) -> None:
    have(lambda: zoo.fetch(NAME))
    names = [build_folder(NAME, "x86-64-v3"), build_folder(NAME, "x86-64-v4")]
    names.append(build_folder("light_shufflenet", "x86-64-v3"))
    assert build_folder(NAME, "x86-64-v3") == names[0]
    monkeypatch.setattr(builds, "source_hash", lambda: "another compiler")
    names.append(build_folder(NAME, "x86-64-v3"))
    assert len({folder.name[-builds.KEY_LENGTH :] for folder in names}) == len(names)
    with pytest.raises(TargetError):
        build_folder(NAME, "no-such")


def test_a_build_is_made_once(have: Have, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(lambda: zoo.fetch(NAME))
    made: list[str] = []

    def compiler(module: str, *arguments: str) -> str:
        made.append(module)
        Path(arguments[-1]).mkdir()
        return '{"compile_s": 1}'

    monkeypatch.setattr(builds, "cache_folder", lambda: tmp_path / "compiled")
    monkeypatch.setattr(builds, "_child", compiler)
    first, again = build(NAME, "host"), build(NAME, "host")
    assert made == ["benchmarks.compiling"]
    assert first == again
    assert first.artifact.is_dir()
    assert first.report == {"compile_s": 1}
    monkeypatch.setattr(builds, "source_hash", lambda: "another compiler")
    other = build(NAME, "host")
    assert len(made) == 2
    assert [path.name for path in (tmp_path / "compiled").iterdir()] == [other.folder.name]


def test_sources_that_change_meanwhile(have: Have, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    have(lambda: zoo.fetch(NAME))
    hashes = iter(["first", "first", "second"])
    monkeypatch.setattr(builds, "cache_folder", lambda: tmp_path / "compiled")
    monkeypatch.setattr(builds, "source_hash", lambda: next(hashes))
    monkeypatch.setattr(builds, "_child", lambda *_arguments: "{}")
    with pytest.raises(BuildError, match="changed while it compiled"):
        build(NAME, "host")
    assert list((tmp_path / "compiled").iterdir()) == []


def test_a_compiled_model(have: Have) -> None:
    have(lambda: zoo.fetch(NAME))
    made = build(NAME, "host")
    with edge_runtime.load(made.artifact, threads=1) as model:
        assert model.manifest.model.sha256
        steps = [step.kernel for step in model.profile(zoo.inputs(NAME))]
    report = made.report
    assert 0 < report["compile_s"] < 300
    assert 100e6 < report["peak_rss_bytes"] < 8e9
    assert report["report"]["placement"][0]["nodes"] > 60
    work = made.work()
    assert set(work) == set(steps)
    flops = sum(work[kernel]["flops"] for kernel in steps)
    assert 0.4 < flops / convolution_flops(zoo.fetch(NAME)) < 1.05  # Winograd's convolutions need fewer


def convolution_flops(path: Path) -> float:
    """Of all convolutions, a multiply-add being two: a little less than what all operators do."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    weights = {tensor.name: math.prod(tensor.dims) for tensor in graph.initializer}
    values = {value.name: value.type.tensor_type.shape.dim for value in (*graph.value_info, *graph.output)}
    return sum(
        2.0 * weights[node.input[1]] * math.prod(size.dim_value for size in values[node.output[0]][2:])
        for node in graph.node
        if node.op_type == "Conv"
    )


def test_what_the_compiler_says_when_it_fails(have: Have) -> None:
    name = "silero-vad"  # the quickest one
    have(lambda: zoo.fetch(name))
    with pytest.raises(BuildError) as caught:
        builds._child("benchmarks.compiling", name, "host", "/proc/no/such/folder")
    assert "/proc/no" in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    with pytest.raises(BuildError, match="KeyError: 'no-such-model'"):
        builds._child("benchmarks.compiling", "no-such-model", "host", "x")


def test_fixed_shapes(have: Have) -> None:
    source = have(lambda: zoo.fetch("magika"))
    fixed = fixed_shapes("magika")
    assert fixed != source
    shape = onnx.load(fixed).graph.input[0].type.tensor_type.shape
    assert [dimension.dim_value for dimension in shape.dim] == [1, 2048]
    assert fixed_shapes(NAME) == zoo.fetch(NAME)
