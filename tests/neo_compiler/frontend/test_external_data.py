from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from neo_compiler.errors import ModelError
from neo_compiler.frontend import load
from tests.neo_compiler.models import MATMUL, parse, with_weights

WEIGHT = np.arange(4096, dtype=np.float32).reshape(64, 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A model whose weight lies in weights.bin beside it."""
    model = with_weights(parse(MATMUL), w=WEIGHT)
    path = tmp_path / "model.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def test_external_weights_are_read(path: Path) -> None:
    (weight,) = load(path).graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(weight), WEIGHT)


def test_the_missing_file_is_named(path: Path) -> None:
    (path.parent / "weights.bin").unlink()
    with pytest.raises(ModelError, match=r"tensor 'w' are missing: .*weights\.bin does not exist"):
        load(path)


def test_a_short_file_is_truncated(path: Path) -> None:
    data = path.parent / "weights.bin"
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"truncated: .*weights\.bin has 1000 of 16384 bytes"):
        load(path)


def test_a_file_outside_the_models_folder_is_refused(path: Path) -> None:
    model = onnx.load(path, load_external_data=False)
    secret = path.parent.parent / "secret.bin"
    secret.write_bytes(WEIGHT.tobytes())
    (location,) = [entry for entry in model.graph.initializer[0].external_data if entry.key == "location"]
    location.value = "../secret.bin"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="outside the model's folder"):
        load(path)


@pytest.mark.parametrize("name", ["weights\0.bin", "é" * 200])
def test_a_name_that_no_file_can_have_is_refused(path: Path, name: str) -> None:
    model = onnx.load(path, load_external_data=False)
    (location,) = [entry for entry in model.graph.initializer[0].external_data if entry.key == "location"]
    location.value = name
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="tensor 'w' are in no possible file"):
        load(path)
