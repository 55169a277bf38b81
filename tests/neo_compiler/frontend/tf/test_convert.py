from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import edge_runtime
import neo_compiler
from edge_runtime.errors import ExitCode
from neo_compiler.errors import MissingExtra, ModelError
from neo_compiler.frontend import load
from neo_compiler.frontend.tf.convert import INTERPRETER

TFLITE = b"\x1c\x00\x00\x00TFL3" + bytes(100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "precision", "tolerance"),
    [
        ("model.keras", "float", 1e-4),
        ("model.h5", "float", 1e-4),
        ("saved", "float", 1e-4),
        ("float.tflite", "float", 1e-4),
        ("int8.tflite", "int8", 2 / 256),  # softmax is computed in float; TensorFlow Lite rounds to 1/256
    ],
)
def test_a_model_compiles_and_answers_as_in_tensorflow(
    models: Path, tmp_path: Path, name: str, precision: str, tolerance: float
) -> None:
    expected = np.load(models / "expected.npz")
    shapes = {"picture": (1, 16, 16, 3)}
    path = neo_compiler.compile(models / name, input_shapes=shapes, output=tmp_path / "artifact")
    with edge_runtime.load(path, threads=1) as model:
        assert {row.backend for row in model.placement} == {"native"}
        (found,) = model.run({"picture": expected["picture"]}).values()
    np.testing.assert_allclose(found, expected[precision], atol=tolerance)


@pytest.mark.slow
def test_a_recurrent_network_is_native_too(models: Path, tmp_path: Path) -> None:
    path = neo_compiler.compile(
        models / "recurrent",
        input_shapes={"steps": (1, 5, 4)},
        output=tmp_path / "artifact",
        fallback="never",
    )
    assert path.exists()


@pytest.mark.slow
def test_a_damaged_file_is_explained(models: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(TFLITE)
    with pytest.raises(ModelError, match=r"tf2onnx cannot convert .*model\.tflite: "):
        load(path)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(TFLITE)
    monkeypatch.setenv(INTERPRETER, "/nowhere/python")
    with pytest.raises(MissingExtra, match=f"{INTERPRETER} names, /nowhere/python") as caught:
        load(path)
    assert caught.value.exit_code == ExitCode.TARGET


def test_an_interpreter_without_tensorflow_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(TFLITE)
    monkeypatch.setenv(INTERPRETER, sys._base_executable)
    with pytest.raises(MissingExtra, match=r"-m pip install tensorflow-cpu tf2onnx"):
        load(path)


def test_names_lose_what_tensorflow_adds() -> None:
    from neo_compiler.frontend.tf.convert import plain_names

    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 18]>
        g (float[4] "serving_default_x:0") => (float[4] "Identity:0") {
            "Identity:0" = Relu("serving_default_x:0")
        }"""
    )
    plain = plain_names(model)
    onnx.checker.check_model(plain)
    assert [value.name for value in (*plain.graph.input, *plain.graph.output)] == ["x", "Identity"]
