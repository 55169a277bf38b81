from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import onnx
import pytest

from edge_runtime.errors import ExitCode
from neo_compiler.cli import EPILOG, main
from tests.neo_compiler.conftest import convolution
from tests.neo_compiler.models import RELU, SYMBOLIC, parse, save, with_weights

NEO = (sys.executable, "-m", "neo_compiler.cli")
SHAPE = ("--input-shape", "x:1,3,16,16")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and message of a command that must fail and say nothing on stdout."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return code, err


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    script = """if True:
        import sys
        from neo_compiler.cli import main
        try:
            main(["--help"])
        except SystemExit as stop:
            assert stop.code == 0
        heavy = {"tvm", "onnx", "onnx_ir", "onnxruntime", "numpy", "rich"} & set(sys.modules)
        assert not heavy, heavy
    """
    times = []
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
    assert all(command in done.stdout for command in ("compile", "targets", "inspect", "verify"))


def test_help_lists_the_exit_codes_that_there_are() -> None:
    listed = {int(word) for word in EPILOG.split() if word.isdigit()}
    assert listed == {int(code) for code in ExitCode if code != ExitCode.UNREACHABLE}


def test_compile_prints_the_path_and_nothing_else(
    model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(model_path), "--target", "x86-64-v2", *SHAPE]) == ExitCode.OK
    out, err = capsys.readouterr()
    assert out == "conv-x86-64-v2.tar.gz\n"
    assert [file.name for file in folder.iterdir()] == ["conv-x86-64-v2.tar.gz"]
    assert "difference" in err
    assert "1.0e-04 is allowed" in err


def test_compile_quiet_as_json(model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(model_path), "-o", "a", "--quiet", "--json", *SHAPE]) == ExitCode.OK
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["schema_version"] == 1
    assert document["artifact"] == "a"
    assert document["accuracy"]["max_relative"] < 1e-4
    assert (folder / "a" / "manifest.json").is_file()


def test_another_process_writes_the_same_bytes(model_path: Path, artifact_path: Path, folder: Path) -> None:
    command = [*NEO, "compile", str(model_path), "-o", "a.tar.gz", "--quiet", *SHAPE]
    environment = {
        "PYTHONHASHSEED": "1",
        "PYTHONPROFILEIMPORTTIME": "1",
        "HOME": str(folder),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    subprocess.run(command, check=True, env=environment, stderr=subprocess.DEVNULL)
    assert (folder / "a.tar.gz").read_bytes() == artifact_path.read_bytes()
    (log,) = folder.rglob("*.log")
    imported = {line.rpartition("|")[2].strip() for line in log.read_text().splitlines()}
    assert "tvm" in imported
    assert "torch._C" not in imported  # TVM would import PyTorch, which nobody needs for an ONNX model


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\x03\x04....", "zip archive"), (b"hello\n", "a text file"), (b"", "an empty file")],
)
def test_a_file_that_is_no_model(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, message: str
) -> None:
    (folder / "model.onnx").write_bytes(content)
    code, err = refused(capsys, "compile", "model.onnx")
    assert code == ExitCode.MODEL
    assert message in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_a_truncated_model(model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model.onnx").write_bytes(model_path.read_bytes()[:-100])
    code, err = refused(capsys, "compile", "model.onnx")
    assert code == ExitCode.MODEL
    assert "truncated or damaged" in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_a_model_that_does_not_exist(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, err = refused(capsys, "compile", "model.onnx")
    assert code == ExitCode.USAGE
    assert "cannot read the model model.onnx: No such file" in err
    assert list(folder.iterdir()) == []


def test_missing_external_data(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "model.onnx"
    onnx.save_model(convolution(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (folder / "weights.bin").unlink()
    code, err = refused(capsys, "compile", "model.onnx", *SHAPE)
    assert code == ExitCode.MODEL
    assert "weights.bin does not exist" in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_an_unknown_target(model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, err = refused(capsys, "compile", str(model_path), "--target", "x86-64-v5", *SHAPE)
    assert code == ExitCode.TARGET
    assert "unknown target 'x86-64-v5': did you mean x86-64-v" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "add: --input-shape x:1,3,?,?"),
        (("--input-shape", "x:1,3,16"), "gives 'x' 3 dimensions, but the model declares x float32[N,3,H,W]"),
        (("--input-shape", "x:1,4,16,16"), "does not fit"),
        (("--input-shape", "y:1,3,16,16"), "the model has no input 'y'"),
        (("--input-shape", "x"), "write NAME:SIZE,SIZE,..., for example x:1,3,224,224"),
        (("--input-shape", "x:1", "--input-shape", "x:2"), "'x' twice"),
        (("--tolerance", "-1"), "the tolerance must be"),
    ],
)
def test_a_missing_or_wrong_option(
    folder: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    save(parse(SYMBOLIC), folder)
    code, err = refused(capsys, "compile", "model.onnx", *options)
    assert code == ExitCode.USAGE
    assert message in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_unsupported_operators(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = """g (float[2, 2] x) => (float y, int64[2, n] z) {
        z = NonZero(x) v = Relu(x) a = Det(x) b = Det(v) y = Add(a, b) }"""
    save(parse(body), folder)
    code, err = refused(capsys, "compile", "model.onnx", "--no-fallback")
    assert code == ExitCode.MODEL
    assert "Det: 2 nodes, first: Det_2, Det_3" in err
    assert "NonZero: 1 node, first: NonZero_0; opset 17 (the size of the result depends on the data)" in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_an_operator_used_as_it_cannot_be_compiled(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    body = """g (float[1, 2, 4, 4] x) => (float[1, 2, 3, 3] y, int64[1, 2, 3, 3] i) {
        y, i = MaxPool<kernel_shape = [2, 2]>(x) }"""
    save(parse(body), folder)
    assert main(["compile", "model.onnx", "--no-fallback"]) == ExitCode.MODEL
    out, err = capfd.readouterr()
    assert out == ""
    assert "operator MaxPool (opset 17) of node 'MaxPool_0' cannot be compiled as it is used" in err
    assert [file.name for file in folder.iterdir()] == ["model.onnx"]


def test_an_output_folder_that_cannot_be_written_to(
    model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").touch()
    for output, reason in (("file/a.tar.gz", "not a folder"), ("missing/a.tar.gz", "does not exist")):
        code, err = refused(capsys, "compile", str(model_path), "-o", output, *SHAPE)
        assert code == ExitCode.USAGE
        assert "cannot write to" in err
        assert reason in err
    assert [file.name for file in folder.iterdir()] == ["file"]


def test_a_difference_beyond_the_tolerance(
    model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = refused(capsys, "compile", str(model_path), "--tolerance", "0", *SHAPE)
    assert code == ExitCode.MISMATCH
    assert "1 of 1 outputs differ from onnxruntime" in err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("compile",), ("compile", "m", "--tolerance", "x"), ("train",)])
def test_wrong_usage_prints_the_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == ExitCode.USAGE
    assert "usage: neo" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith("neo 0.")


def test_targets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets"]) == ExitCode.OK
    assert "x86-64-v3" in capsys.readouterr().out
    assert main(["targets", "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    names = [row["name"] for row in document["targets"]]
    assert document["schema_version"] == 1
    assert {"x86-64-v2", "x86-64-v3", "x86-64-v4"} <= set(names)
    assert document["host"] in {*names, None}


def test_inspect_a_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = "g (float[N, 4] x, float[4] w) => (float[N, 4] y) { a = Add(x, w) b = Celu(a) y = Relu(b) }"
    path = save(with_weights(parse(body), w=[1.0, 2.0, 3.0, 4.0]), folder)
    assert main(["inspect", str(path)]) == ExitCode.OK
    out = capsys.readouterr().out
    assert "x float32[N,4]" in out
    assert main(["inspect", str(path), "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "model"
    assert document["opset"] == 17
    assert document["weights"] == 16
    assert document["operators"] == {"Add": 1, "Celu": 1, "Relu": 1}
    assert document["unsupported"] == {"Celu": 1}


def test_inspect_an_artifact(artifact_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(artifact_path)]) == ExitCode.OK
    assert "compiled.so" in capsys.readouterr().out
    assert main(["inspect", str(artifact_path), "--json"]) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "artifact"
    assert document["schema_version"] == 1
    assert document["inputs"] == [{"name": "x", "dtype": "float32", "shape": [1, 3, 16, 16]}]


def test_verify(artifact_path: Path, model_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(artifact_path), str(model_path), "--seed", "3"]) == ExitCode.OK
    assert capsys.readouterr().out.startswith("y  ")
    assert main(["verify", str(artifact_path), str(model_path), "--json"]) == ExitCode.OK
    (row,) = json.loads(capsys.readouterr().out)["outputs"]
    assert 0 < row["difference"] <= row["tolerance"] == 1e-4


def test_verify_finds_a_model_with_other_weights(
    artifact_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(convolution(seed=1), folder)
    code, err = refused(capsys, "verify", str(artifact_path), "model.onnx")
    assert code == ExitCode.MISMATCH
    assert "1 of 1 outputs differ" in err


def test_verify_refuses_another_model(
    artifact_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(parse(RELU.replace("y", "z")), folder)
    code, err = refused(capsys, "verify", str(artifact_path), "model.onnx")
    assert code == ExitCode.USAGE
    assert "not compiled from this model: its outputs are y, the model's are z" in err


def test_verify_refuses_a_damaged_artifact(
    artifact_path: Path, model_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray(artifact_path.read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "damaged.tar.gz").write_bytes(content)
    code, _ = refused(capsys, "verify", "damaged.tar.gz", str(model_path))
    assert code == ExitCode.ARTIFACT
