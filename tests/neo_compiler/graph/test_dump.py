from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from neo_compiler.errors import OutputError, UnsupportedOperators
from neo_compiler.graph.dump import dump
from neo_compiler.graph.prepare import PASSES
from neo_compiler.options import CompileOptions
from neo_compiler.parts.single import prepare_single
from neo_compiler.stages import Stages
from tests.neo_compiler.models import parse

BODY = "g (float[2, 3] x) => (float[2, 3] y) { c = Constant<value_float = 2.0>() a = Celu(x) y = Mul(a, c) }"
STEPS = ["upgrade", "fix_shapes", *(step.__name__ for step in PASSES)]


def options(folder: Path) -> CompileOptions:
    return CompileOptions(Path("model.onnx"), dump=folder, input_shapes={"x": (1, 3, 8, 8)})


def test_each_step_is_a_model(tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    folder.mkdir()
    (folder / "98-earlier.onnx").touch()
    (folder / "own.onnx").touch()
    prepare_single(parse(BODY), {}, options(folder), Stages())
    files = sorted(path.name for path in folder.iterdir())
    assert files == [*(f"{number:02}-{name}.onnx" for number, name in enumerate(STEPS)), "own.onnx"]
    models = [onnx.load(folder / name) for name in files[:-1]]
    for model in models:
        onnx.checker.check_model(model)
    assert [node.op_type for node in models[0].graph.node] == ["Constant", "Celu", "Mul"]
    assert "Celu" not in {node.op_type for node in models[-1].graph.node}


def test_the_steps_before_a_refusal_are_there(tmp_path: Path) -> None:
    model = parse("g (float[4] x) => (float[4] y) { n = RandomNormalLike(x) y = Add(x, n) }")
    with pytest.raises(UnsupportedOperators):
        prepare_single(model, {}, options(tmp_path), Stages())
    assert len(list(tmp_path.iterdir())) == len(STEPS) - 1


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write to"):
        dump(tmp_path / "file" / "steps")
