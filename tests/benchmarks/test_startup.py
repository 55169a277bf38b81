from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import zoo
from benchmarks.startup import ROOT, measure_startup
from edge_runtime.errors import EdgeError

PEAK = "from benchmarks.startup import peak_rss; "


def python(code: str) -> list[int]:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_peak_memory_outlasts_the_memory() -> None:
    before, after = python(
        f"{PEAK}print(peak_rss()); block = bytearray(b'1') * 200_000_000; del block; print(peak_rss())"
    )
    assert 190e6 < after - before < 250e6


def test_peak_memory_is_not_the_parent_s() -> None:
    block = bytearray(b"1") * 300_000_000
    (found,) = python(f"{PEAK}print(peak_rss())")
    assert len(block) == 300_000_000
    assert found < 200e6


def test_a_start(have: Callable[[Callable[[], Any]], Any], tmp_path: Path) -> None:
    name = "light_squeezenet"
    model = have(lambda: zoo.fetch(name))
    np.savez(tmp_path / "inputs.npz", allow_pickle=False, **zoo.inputs(name))
    found = measure_startup("onnxruntime", model, tmp_path / "inputs.npz", 1, repeats=2)
    assert 0 < found.import_ms < 10_000
    assert 0 < found.load_ms < 10_000
    assert 0 < found.first_run_ms < 10_000
    assert model.stat().st_size < found.peak_rss_bytes < 1e9


def test_a_failed_start_says_why(tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", allow_pickle=False, x=np.zeros(1))
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(
        EdgeError, match=r"onnxruntime does not run no\.onnx in a process of its own: .*PROTOBUF"
    ):
        measure_startup("onnxruntime", tmp_path / "no.onnx", tmp_path / "inputs.npz", 1)


REDIRECTED = """
import ctypes
from benchmarks.startup import stdout_to_stderr
print("one")
with stdout_to_stderr():
    ctypes.CDLL(None).puts(b"two")
    print("three")
print("four")
"""


def test_foreign_output_goes_to_stderr() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REDIRECTED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["one", "four"]
    assert sorted(done.stderr.split()) == ["three", "two"]
