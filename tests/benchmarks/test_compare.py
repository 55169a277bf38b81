from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed import main


def document(**ratios: float) -> dict[str, Any]:
    """Results with one thread; model → ratio beside onnxruntime."""
    rows = [
        {
            "model": model,
            "threads": 1,
            "versus": {"onnxruntime": {"ratio": {"value": value, "low": value - 0.1, "high": value + 0.1}}},
        }
        for model, value in ratios.items()
    ]
    machine = {"cpu": "A CPU"}
    return {
        "schema_version": 1,
        "target": "host",
        "profile": "x86-64-v4",
        "machine": machine,
        "versions": {"onnxruntime": "1.0"},
        "rows": rows,
    }


def compare(folder: Path, old: dict[str, Any], new: dict[str, Any], *options: str) -> int:
    paths = []
    for name, content in (("old.json", old), ("new.json", new)):
        paths.append(str(folder / name))
        (folder / name).write_text(json.dumps(content))
    return main(["compare", *paths, *options])


def test_a_slower_model_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = document(fast=1.5, slow=1.5), document(fast=1.6, slow=1.35)
    assert compare(tmp_path, old, new, "--fail-above", "5%") == 1
    lines = capsys.readouterr().out.splitlines()
    assert "| fast | 1 | 1.50 [1.40, 1.60] | 1.60 [1.50, 1.70] | -6.2% |  |" in lines
    assert "| slow | 1 | 1.50 [1.40, 1.60] | 1.35 [1.25, 1.45] | +11.1% | SLOWER |" in lines
    assert compare(tmp_path, old, new, "--fail-above", "12%") == 0
    assert compare(tmp_path, old, new, "--fail-above", "0.12") == 0
    assert compare(tmp_path, new, old) == 1  # "fast" became slower by 6.7 %
    assert compare(tmp_path, old, old, "--fail-above", "0%") == 0


def test_a_missing_model_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(tmp_path, document(a=1.0, b=1.0), document(a=1.0)) == 1
    assert "| b | 1 | 1.00 [0.90, 1.10] |  |  | MISSING |" in capsys.readouterr().out
    assert compare(tmp_path, document(a=1.0), document(a=1.0, b=1.0)) == 0
    assert "| b | 1 |  | 1.00 [0.90, 1.10] |  | new |" in capsys.readouterr().out


def test_what_cannot_be_compared_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = document(a=1.0) | {
        "target": "x86-64-v3",
        "machine": {"cpu": "B"},
        "versions": {"onnxruntime": "2"},
    }
    assert compare(tmp_path, document(a=1.0), other) == 0
    text = capsys.readouterr().out
    for note in (
        "not the same target: host (x86-64-v4) before, x86-64-v3 (x86-64-v4) now",
        "not the same CPU",
        "not the same onnxruntime",
    ):
        assert note in text
    assert compare(tmp_path, document(a=1.0), document(a=1.0)) == 0
    assert "not the same" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"schema_version": 99}', '{"schema_version": 1, "rows": []}']
)
def test_no_results(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(document(a=1.0)))
    bad.write_text(content)
    assert main(["compare", str(good), str(bad)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "bad.json" in captured.err


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "a.json" in capsys.readouterr().err


def test_another_peer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(tmp_path, document(a=1.0), document(a=1.0), "--peer", "openvino") == 2
    assert "beside openvino" in capsys.readouterr().err
