from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_runtime import ArtifactError, Model, load
from edge_runtime.commands.selftest import difference, selftest
from tests.edge_runtime import sample


def test_the_sample_passes(mlp: Model) -> None:
    (result,) = selftest(mlp)
    assert result.passed
    assert result.name == "0"
    assert result.difference < 1e-6
    assert result.tolerance == 1e-4


def changed_artifact(mlp_folder: Path, folder: Path, key: str, array: sample.Arrays | None) -> Path:
    shutil.copytree(mlp_folder, folder)
    path = folder / "selftest" / "0.npz"
    with np.load(path) as file:
        arrays = dict(file)
    arrays.pop(key, None)
    np.savez(path, **arrays, **(array or {}))  # type: ignore[arg-type]  # numpy's own stub
    sample.write_manifest(folder, sample.mlp_plan())
    return folder


def test_a_difference_is_found(mlp_folder: Path, tmp_path: Path) -> None:
    wrong = np.zeros((sample.ROWS, sample.COLUMNS), np.float32)
    folder = changed_artifact(mlp_folder, tmp_path / "a", "expected:linear", {"expected:linear": wrong})
    with load(folder) as model:
        (result,) = selftest(model)
    assert not result.passed
    assert result.output == "linear"


def test_malformed_examples(mlp_folder: Path, tmp_path: Path) -> None:
    cases = {
        changed_artifact(
            mlp_folder, tmp_path / "a", "expected:y", None
        ): "0.npz expects other outputs: linear,",
        changed_artifact(
            mlp_folder, tmp_path / "b", "", {"y": np.zeros(1)}
        ): "key 'y' begins neither with input:",
        sample.build(tmp_path / "c", sample.mlp_plan(), sample.params_bytes()): "holds no examples",
    }
    for folder, message in cases.items():
        with load(folder) as model, pytest.raises(ArtifactError, match=message):
            selftest(model)


@pytest.mark.parametrize(
    ("found", "expected", "value"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([3.0], [0.0], 3.0),
        ([True, False], [True, True], 1.0),
        ([math.nan, 1.0], [math.nan, 1.0], 0.0),
        ([math.nan, 1.0], [1.0, 1.0], math.inf),
        ([math.inf], [math.inf], 0.0),
        ([math.inf], [-math.inf], math.inf),
        ([1.0], [1.0, 1.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_difference(found: list[float], expected: list[float], value: float) -> None:
    assert difference(np.array(found), np.array(expected)) == value
