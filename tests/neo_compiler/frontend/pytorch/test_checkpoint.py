"""Files that can run code: pickled modules, and TorchScript."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend import Reading, load
from tests.neo_compiler.frontend.pytorch.small import Small, torch

TRUST = Reading(trust=True, shapes={"picture": (1, 3, 8, 8)})


@pytest.fixture(params=["zip", "legacy", "script"])
def path(request: pytest.FixtureRequest, small: Small, tmp_path: Path) -> Path:
    path = tmp_path / "small.pth"
    if request.param == "script":
        with pytest.warns(DeprecationWarning, match=r"torch\.jit"):
            torch.jit.save(torch.jit.trace(small.eval(), torch.randn(1, 3, 8, 8)), path)
    else:
        torch.save(small, path, _use_new_zipfile_serialization=request.param == "zip")
    return path


def test_without_trust_it_is_refused_with_what_to_do(path: Path) -> None:
    with pytest.raises(ModelError, match=r"can run any code .* torch\.export\.save.* add --trust"):
        load(path)


def test_with_trust_it_is_traced_with_the_shapes_that_are_given(path: Path) -> None:
    model = load(path, TRUST)
    onnx.checker.check_model(model, full_check=True)
    (value,) = model.graph.input
    assert value.name == "picture"
    assert [dimension.dim_value for dimension in value.type.tensor_type.shape.dim] == [1, 3, 8, 8]


def test_without_shapes_it_cannot_be_traced(path: Path) -> None:
    with pytest.raises(UsageError, match="give --input-shape for each"):
        load(path, Reading(trust=True))


def test_weights_alone_are_no_model(small: Small, tmp_path: Path) -> None:
    torch.save(small.state_dict(), tmp_path / "weights.pth")
    with pytest.raises(ModelError, match="holds a OrderedDict: weights without the model"):
        load(tmp_path / "weights.pth", TRUST)
