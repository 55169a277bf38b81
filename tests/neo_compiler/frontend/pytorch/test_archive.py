from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from neo_compiler.errors import ModelError
from neo_compiler.frontend import Reading, load
from neo_compiler.frontend.pytorch.archive import ONLY_TENSORS

TRUST = Reading(trust=True)


def altered(path: Path, member: str, change: Callable[[Any], object]) -> Path:
    """A copy of an archive whose JSON `member` was changed in place."""
    copy = path.with_name("altered.pt2")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(member):
                parsed = json.loads(content)
                change(parsed)
                content = json.dumps(parsed).encode()
            new.writestr(name, content)
    return copy


def test_a_saved_program_is_read_with_its_symbolic_batch(archive: Path) -> None:
    model = load(archive)
    onnx.checker.check_model(model, full_check=True)
    (x,) = model.graph.input
    assert x.name == "x"
    assert x.type.tensor_type.shape.dim[0].dim_param
    assert ONLY_TENSORS not in os.environ


def test_an_operator_that_is_none_of_pytorch_is_refused(archive: Path) -> None:
    def change(model: Any) -> None:
        model["graph_module"]["graph"]["nodes"][0]["target"] = "torch.os.system"

    with pytest.raises(ModelError, match=r"its target 'torch\.os\.system' may run code .*--trust"):
        load(altered(archive, "models/model.json", change))


def test_a_size_that_is_a_program_is_refused_before_it_runs(archive: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    program = f"__import__('pathlib').Path('{mark}').touch()"

    def change(model: Any) -> None:
        sizes = model["graph_module"]["graph"]["tensor_values"]["x"]["sizes"]
        sizes[0]["as_expr"]["expr_str"] = program

    path = altered(archive, "models/model.json", change)
    with pytest.raises(ModelError, match=r"its expr_str .* may run code"):
        load(path)
    assert not mark.exists()
    with pytest.raises(ModelError, match="cannot open"):
        load(path, TRUST)
    assert mark.exists()  # so it is a danger, which --trust allows


def test_pickled_weights_are_refused(archive: Path) -> None:
    def change(weights: Any) -> None:
        weights["config"]["convolution.weight"]["use_pickle"] = True

    with pytest.raises(ModelError, match="its pickled tensor 'weight_0' may run code"):
        load(altered(archive, "model_weights_config.json", change))


def test_a_compiled_library_is_refused(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as added:
        added.writestr("small/data/aotinductor/model/model.so", b"\x7fELF")
    with pytest.raises(ModelError, match=r"its member .*model\.so may run code"):
        load(archive)


@pytest.mark.parametrize("member", ["models/model.json", "model_weights_config.json"])
def test_a_damaged_archive_is_an_error_of_the_model(archive: Path, member: str) -> None:
    with pytest.raises(ModelError, match="cannot open"):
        load(altered(archive, member, lambda parsed: parsed.clear()))
