"""Scripts that look for SageMaker Neo's words in a failure find them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from neo_compiler.cli import main
from neo_compiler.console.failure import failure_reason
from neo_compiler.errors import MismatchError, OutputError, UnsupportedOperators
from tests.neo_compiler.models import parse, save

FOREIGN = "g (float[2, 4, 4] x) => (float[2] y, float[2] z) { y = Det(x) a = Relu(x) z = Det(a) }"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_operators_are_listed_in_neos_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save(parse(FOREIGN), tmp_path)
    command = ["compile", str(path), "-o", str(tmp_path / "out"), "--no-fallback", "--json", "--quiet"]
    assert main(command) == ExitCode.MODEL
    out, err = capsys.readouterr()
    assert "ClientError: InputConfiguration: TVM cannot convert ONNX model." in err
    assert "The following operators are not implemented: {'Det'}" in err
    assert "Det: 2 nodes, first: Det_0, Det_2; opset 17" in err
    assert "without --no-fallback, onnxruntime would run them" in err
    failure = json.loads(out)["failure"]
    assert failure["class"] == "OperatorNotImplemented"
    assert failure["exit_code"] == ExitCode.MODEL
    assert failure["operators"] == {"Det": ["Det_0", "Det_2"]}
    assert failure["reason"].startswith("ClientError: InputConfiguration: ")


def test_a_model_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.onnx").write_text("nothing")
    assert main(["compile", str(tmp_path / "model.onnx")]) == ExitCode.MODEL
    assert capsys.readouterr().err.startswith("neo: ClientError: InputConfiguration: ")


@pytest.mark.parametrize(
    ("error", "prefix"),
    [
        (MismatchError("m"), "ClientError: CompilationError: m"),
        (KeyError("k"), "ServerError: m"),
        (OutputError("m"), "m"),
        (UnsupportedOperators({"Det": ["d"]}), "ClientError: InputConfiguration: TVM cannot convert"),
    ],
)
def test_prefixes(error: Exception, prefix: str) -> None:
    assert failure_reason(error, "m").startswith(prefix)
