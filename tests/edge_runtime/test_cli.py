from __future__ import annotations

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.cli import main
from edge_runtime.manifest import TargetNeeds, TensorSpec
from neo_compiler.native.plan import Placed, Plan, Step, Where
from tests.edge_runtime import sample
from tests.waiting import BUSY_S


def answer(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> str:
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert bool(captured.err) == (code not in (0, 5)) or "busy" in captured.err, captured.err
    return captured.out


def answer_json(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    document = json.loads(answer(capsys, *arguments, "--json", code=code))
    assert document.pop("schema_version") == 1
    return dict(document)


def error(capsys: pytest.CaptureFixture[str], *arguments: object, code: int) -> str:
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("edge-runtime: error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.fixture
def x_file(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(3).standard_normal((sample.ROWS, sample.INNER), np.float32))
    return path


@pytest.fixture(scope="session")
def picture_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = ("float32", (1, 3, 4, 8))
    plan = Plan(
        (TensorSpec("image", *spec),),
        (TensorSpec("relu", *spec),),
        (Placed(Where.INPUT, *spec), Placed(Where.OUTPUT, *spec)),
        (Step("relu", (0, 1)),),
        (1,),
        0,
        0,
        0,
    )
    return sample.build(tmp_path_factory.mktemp("picture") / "artifact", plan)


def test_info(capsys: pytest.CaptureFixture[str], mlp_archive: Path) -> None:
    text = answer(capsys, "info", mlp_archive)
    for part in (
        "sample (onnx, opset 17)",
        "x86-64-v2",
        "it fits this machine",
        "x: float32 [8, 64]",
        "compiled.so",
    ):
        assert part in text
    document = answer_json(capsys, "info", mlp_archive)
    assert document["fits"] is True
    assert document["target"]["arch"] == "x86_64"
    assert document["inputs"] == [{"name": "x", "dtype": "float32", "shape": [8, 64]}]


def test_info_on_another_machine(
    capsys: pytest.CaptureFixture[str], mlp_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(mlp_folder, tmp_path / "copy"))
    target = TargetNeeds("pi4", "aarch64-linux-gnu", "aarch64", "cortex-a72")
    sample.write_manifest(folder, sample.mlp_plan(), target=target)
    assert "it was compiled for aarch64" in answer(capsys, "info", folder)
    assert answer_json(capsys, "info", folder)["fits"] is False
    assert "it was compiled for aarch64" in error(capsys, "run", folder, code=6)


def test_run(capsys: pytest.CaptureFixture[str], mlp_archive: Path, x_file: Path, tmp_path: Path) -> None:
    expected = sample.mlp_reference(np.load(x_file))
    text = answer(capsys, "run", mlp_archive, x_file, "--threads", 1)
    assert "y: float32 [8, 32], largest:" in text
    rows = answer_json(capsys, "run", mlp_archive, f"x={x_file}")["outputs"]
    assert [row["name"] for row in rows] == list(expected)
    top = rows[0]["top"][0]
    assert top["value"] == pytest.approx(expected["y"].max(), rel=1e-5)
    assert expected["y"][tuple(top["index"])] == expected["y"].max()
    output = tmp_path / "out.npz"
    assert answer(capsys, "run", mlp_archive, x_file, "-o", output) == f"{output}\n"
    with np.load(output) as found:
        for name, array in expected.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-5)


def test_run_on_a_picture(capsys: pytest.CaptureFixture[str], picture_artifact: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    path = tmp_path / "red.jpg"
    image.new("RGB", (50, 50), (255, 0, 0)).save(path)
    output = tmp_path / "out.npz"
    answer(capsys, "run", picture_artifact, path, "-o", output, "--mean", "127", "--scale", "0.0078125")
    with np.load(output) as found:
        red, green, blue = found["relu"][0]
    assert red.shape == (4, 8)
    assert red.min() > 0.98
    assert max(green.max(), blue.max()) == 0


def test_wrong_input(capsys: pytest.CaptureFixture[str], mlp_archive: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.npy"
    np.save(wrong, np.zeros((8, 64)))
    assert "float64 given, float32 expected" in error(capsys, "run", mlp_archive, wrong, code=2)
    assert "input 'x' is missing" in error(capsys, "run", mlp_archive, code=2)
    assert "cannot be read" in error(capsys, "run", mlp_archive, tmp_path / "absent.npy", code=2)


def test_output_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], mlp_archive: Path, x_file: Path, tmp_path: Path
) -> None:
    for path in (tmp_path / "absent" / "out.npz", Path("/proc/out.npz")):
        assert "cannot be written" in error(capsys, "run", mlp_archive, x_file, "-o", path, code=2)


def test_damaged_artifact(capsys: pytest.CaptureFixture[str], mlp_archive: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.tar.gz"
    content = bytearray(mlp_archive.read_bytes())
    content[len(content) // 2] ^= 16
    damaged.write_bytes(content)
    for command in ("info", "run", "bench", "selftest"):
        assert str(damaged) in error(capsys, command, damaged, code=6)


def test_bench(capsys: pytest.CaptureFixture[str], mlp_archive: Path) -> None:
    document = answer_json(capsys, "bench", mlp_archive, "--runs", 20, "--threads", 2, "--profile")
    assert document["threads"] == 2
    assert document["run_ms"]["n"] == 20
    assert document["memory_bytes"]["arena"] == sample.mlp_plan().arena_bytes
    assert {row["kernel"] for row in document["kernels"]} == {"matmul", "add", "relu"}
    text = answer(capsys, "bench", mlp_archive, "--seconds", 0.1, "--warmup", 1)
    for word in ("load", "first run", "median", "p99", "threads", "arena", "warm-up     1 runs"):
        assert word in text
    assert "kernels" not in text


def test_bench_profile(capsys: pytest.CaptureFixture[str], mlp_archive: Path) -> None:
    lines = answer(capsys, "bench", mlp_archive, "--runs", 5, "--threads", 1, "--profile").splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("kernels"))
    assert lines[head].split() == ["kernels", "ms", "time", "calls"]
    rows = [line.split() for line in lines[head + 1 :]]
    assert rows[0][-1] == "matmul"
    assert {row[-1] for row in rows} == {"matmul", "add", "relu"}
    assert sum(float(row[1].rstrip("%")) for row in rows) == pytest.approx(100, abs=0.2)
    assert [row[2] for row in rows] == ["1"] * 3


def test_selftest(capsys: pytest.CaptureFixture[str], mlp_folder: Path, tmp_path: Path) -> None:
    assert answer(capsys, "selftest", mlp_folder).startswith("ok     0: output ")
    folder = Path(shutil.copytree(mlp_folder, tmp_path / "copy"))
    params = bytearray((folder / "compiled.params").read_bytes())
    params[: 4 * 32] = bytes(4 * 32)
    (folder / "compiled.params").write_bytes(params)
    sample.write_manifest(folder, sample.mlp_plan())
    assert answer(capsys, "selftest", folder, code=5).startswith("FAILED 0: output ")
    document = answer_json(capsys, "selftest", folder, code=5)
    assert document["passed"] is False
    assert document["cases"][0]["difference"] > document["cases"][0]["tolerance"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["run"], "the following arguments are required: ARTIFACT"),
        (["bench", "a", "--threads", "0"], "--threads: 0: a whole number is expected, 1 or more"),
        (["bench", "a", "--threads", "two"], "--threads: 'two' is not a whole number"),
        (["bench", "a", "--runs", "-1"], "--runs: -1: a whole number is expected, 0 or more"),
        (["bench", "a", "--seconds", "nan"], "--seconds: nan: a number is expected, 0 or more"),
        (["run", "a", "--mean", "1,x"], "--mean: 'x' is not a number"),
        (["run", "a", "--scale", "inf"], "--scale: inf: a number is expected"),
    ],
)
def test_usage(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    errors = capsys.readouterr().err
    assert "usage: edge-runtime" in errors
    assert problem in errors


def thread_names(pid: int) -> list[str]:
    names = []
    for path in Path(f"/proc/{pid}/task").glob("*/comm"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end while it is asked
            names.append(path.read_text(encoding="utf-8"))
    return names


def test_interrupted(mlp_archive: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "edge_runtime.cli",
        "bench",
        str(mlp_archive),
        f"--seconds={BUSY_S}",
        "--threads=2",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + BUSY_S
        while not any("neo-worker" in name for name in thread_names(process.pid)):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=BUSY_S)
    assert process.returncode == 130, errors
    assert errors.endswith("edge-runtime: interrupted\n")


def test_a_reader_that_leaves(mlp_archive: Path) -> None:
    command = f"{sys.executable} -m edge_runtime.cli info {mlp_archive} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")
