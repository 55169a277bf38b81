from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend import load
from tests.neo_compiler.models import MATMUL, RELU, parse, save, with_weights


def test_a_model_comes_back_as_it_is(tmp_path: Path) -> None:
    model = parse(RELU)
    assert load(save(model, tmp_path)) == model


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the model .*nothing\.onnx: No such file"):
        load(tmp_path / "nothing.onnx")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (b"PK\x03\x04" + bytes(100), "PyTorch"),
        (b"GGUF" + bytes(100), "GGUF"),
        (b"import torch\nprint('model')\n", "a text file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x07\xff\x80\xfe" * 40, "not an ONNX model, or one that is damaged"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=what):
        load(path)


def test_a_folder_is_refused_with_its_kind(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="seems to be a folder"):
        load(tmp_path)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.999])
def test_a_truncated_model_is_called_truncated(tmp_path: Path, kept: float) -> None:
    path = save(with_weights(parse(MATMUL), w=np.ones((64, 64))), tmp_path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(ModelError, match="truncated or damaged"):
        load(path)


def test_a_model_without_nodes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    with pytest.raises(ModelError, match="holds no graph"):
        load(path)


def test_what_breaks_the_onnx_rules_is_refused_with_the_reason(tmp_path: Path) -> None:
    model = parse(RELU)
    model.graph.node[0].input[0] = "nowhere"
    with pytest.raises(ModelError, match=r"breaks the ONNX rules: .*nowhere"):
        load(save(model, tmp_path))


def test_weights_that_old_models_list_as_inputs_are_no_inputs(tmp_path: Path) -> None:
    model = parse("g (float[1, 4] x, float[4] w) => (float[1, 4] y) { y = Add(x, w) }")
    model.ir_version = 3
    model.graph.initializer.append(numpy_helper.from_array(np.ones(4, np.float32), "w"))
    loaded = load(save(model, tmp_path))
    assert [value.name for value in loaded.graph.input] == ["x"]
    onnx.checker.check_model(loaded)


def test_the_default_domain_has_one_name(tmp_path: Path) -> None:
    model = parse(RELU)
    model.graph.node[0].domain = "ai.onnx"
    assert load(save(model, tmp_path)).graph.node[0].domain == ""
