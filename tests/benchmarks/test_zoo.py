"""Every model of the zoo is fetched, runs in onnxruntime on its own inputs, and is fetched only once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from benchmarks import zoo
from tests.benchmarks.conftest import Run

LARGE = {"light_bvlc_alexnet", "light_zfnet512", "light_vgg19"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in zoo.MODELS]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_runs_on_its_inputs(name: str, have: Callable[..., Any], run: Run) -> None:
    path = have(lambda: zoo.fetch(name))
    results = [run(path, zoo.inputs(name, seed)) for seed in (0, 1)]
    for output, value in results[0].items():
        assert np.isfinite(value).all(), output
        assert np.ptp(value) > 0 or value.size == 1, output
        assert not np.array_equal(value, results[1][output]), output


@pytest.mark.parametrize("name", NAMES)
def test_a_row_fixes_exactly_what_its_file_leaves_open(name: str, have: Callable[..., Any]) -> None:
    graph = onnx.load(have(lambda: zoo.fetch(name)), load_external_data=False).graph
    model = zoo.MODELS[name]
    assert [value.name for value in graph.input] == list(model.inputs)
    for value in graph.input:
        tensor = value.type.tensor_type
        fixed = [max(dimension.dim_value, 0) or None for dimension in tensor.shape.dim]
        assert (None in fixed) == (value.name in model.shapes)
        drawn = zoo.inputs(name)[value.name]
        assert drawn.dtype == onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        assert all(size in (None, real) for size, real in zip(fixed, drawn.shape, strict=True))


def test_the_second_fetch_does_no_work(
    have: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no registry can be asked and no archive lies about, only the finished file can have answered."""
    kept = Path(shutil.copy2(have(lambda: zoo.fetch("ppocr-cls")), tmp_path))
    monkeypatch.setenv("NEO_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(zoo.ZooUnavailable, match="rapidocr-onnxruntime"):
        zoo.fetch("ppocr-rec")
    written = kept.stat().st_mtime_ns
    assert zoo.fetch("ppocr-cls") == kept
    assert kept.stat().st_mtime_ns == written
    assert list(tmp_path.iterdir()) == [kept]


def test_a_conversion_is_kept_and_replaces_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEO_CACHE", str(tmp_path))
    outdated, other = (
        tmp_path / "light_squeezenet-0123456789ab.onnx",
        tmp_path / "light_resnet50-0123456789ab.onnx",
    )
    for path in (outdated, other):
        path.write_bytes(b"of an older recipe")
    path = zoo.fetch("light_squeezenet")
    assert sorted(tmp_path.iterdir()) == sorted([path, other])
    written = path.stat().st_mtime_ns
    assert zoo.fetch("light_squeezenet") == path
    assert path.stat().st_mtime_ns == written


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="efficientnet-lite9"):
        zoo.fetch("efficientnet-lite9")


def test_every_row_names_a_permissive_licence() -> None:
    assert {model.licence for model in zoo.MODELS.values()} <= {"Apache-2.0", "MIT"}


def test_the_command_prints_one_line_for_everything() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.zoo"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["name", "kind", "licence", "size", "source"]
    assert set(zoo.MODELS) | {"chelsea", "labels"} <= {line.split()[0] for line in lines[1:]}
    assert done.stderr == ""
