from __future__ import annotations

from pathlib import Path

import pytest

from neo_compiler.errors import UsageError
from neo_compiler.frontend.memory import Examples, model_file


def test_a_path_is_its_own_file(tmp_path: Path) -> None:
    with model_file(str(tmp_path / "model.onnx"), Examples()) as path:
        assert path == tmp_path / "model.onnx"


def test_example_inputs_do_not_go_with_a_file() -> None:
    with pytest.raises(UsageError, match="for models in memory"), model_file("model.onnx", Examples((1,))):
        pass


def test_another_object_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="dict is no model: give the path of a file, or an object of torch"):
        model_file({}, Examples()).__enter__()
