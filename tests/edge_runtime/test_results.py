from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_runtime import Model
from edge_runtime.errors import InputError
from tests.edge_runtime import sample

X = np.ones((sample.ROWS, sample.INNER), np.float32)
Y = (sample.ROWS, sample.COLUMNS)


def test_outputs_into_given_arrays(mlp: Model) -> None:
    made = np.empty(Y, np.float32)
    found = mlp.run({"x": X}, outputs={"y": made})
    assert found["y"] is made
    for name, expected in sample.mlp_reference(X).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)


def frozen() -> Any:
    array = np.empty(Y, np.float32)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"z": np.empty(Y, np.float32)}, r"there is no output 'z'; this model has 'y' float32"),
        ({"y": np.empty(Y)}, r"output 'y': float64 \[8, 32\] given, float32 \[8, 32\] expected"),
        ({"y": np.empty((32, 8), np.float32)}, r"output 'y': float32 \[32, 8\] given"),
        ({"y": np.empty((32, 8), np.float32).T}, "read-only, or its values do not lie in order"),
        ({"y": frozen()}, "read-only"),
        ({"y": [1.0]}, "a numpy array or a tensor on a GPU is expected"),
        ("gpu", "outputs: 'gpu' given, 'host', 'device' or arrays by name expected"),
    ],
)
def test_outputs_that_cannot_be_written(mlp: Model, outputs: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        mlp.run({"x": X}, outputs=outputs)
