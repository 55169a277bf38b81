from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_runtime.arrays import aligned_empty, check_inputs
from edge_runtime.errors import ExitCode, InputError
from edge_runtime.manifest import TensorSpec

SPECS = (TensorSpec("a", "float32", (2, 3)), TensorSpec("b", "int64", ()))
A, B = np.zeros((2, 3), np.float32), np.int64(4)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (2, 0, 2), (1000, 7)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16", "float32", "int64"])
def test_aligned(dtype: str, shape: tuple[int, ...]) -> None:
    for _ in range(20):
        array = aligned_empty(dtype, shape)
        array[...] = 1
        assert (array.shape, array.dtype.name) == (shape, dtype)
        assert array.ctypes.data % 64 == 0
        assert array.flags.c_contiguous
        assert array.flags.writeable


def test_in_the_order_of_the_model() -> None:
    first, second = check_inputs(SPECS, {"b": B, "a": A})
    assert first is A
    assert (second.shape, second.item()) == ((), 4)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 2), np.float32).T,
        np.zeros((2, 6), np.float32)[:, ::2],
        np.zeros((2, 3), np.float32)[::-1],
    ],
)
def test_other_orders_in_memory_are_copied(array: np.ndarray[Any, Any]) -> None:
    array[...] = [[1, 2, 3], [4, 5, 6]]
    given = check_inputs(SPECS, {"a": array, "b": B})[0]
    assert given.flags.c_contiguous
    assert given.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "input 'a', 'b' is missing; this model takes 'a' float32 [2, 3], 'b' int64 []"),
        ({"a": A}, "input 'b' is missing; this model takes"),
        (
            {"a": A, "b": B, "c": A},
            "there is no input 'c'; this model takes 'a' float32 [2, 3], 'b' int64 []",
        ),
        (
            {"a": A.astype(np.float64), "b": B},
            "input 'a': float64 given, float32 expected: convert it, e.g. with",
        ),
        ({"a": A.astype(">f4"), "b": B}, "input 'a': big-endian float32 given, float32 expected"),
        ({"a": [[1, 2, 3], [4, 5, 6]], "b": B}, "input 'a': int64 given, float32 expected"),
        ({"a": [[1], [1, 2]], "b": B}, "input 'a': no array can be made of it"),
        ({"a": None, "b": B}, "input 'a': object given, float32 expected"),
        ({"a": "text", "b": B}, "input 'a': str128 given, float32 expected"),
        ({"a": A[0], "b": B}, "input 'a': 1 dimensions given, [3]; 2 expected, [2, 3]"),
        ({"a": A.T, "b": B}, "input 'a': shape [3, 2] given, [2, 3] expected"),
        ({"a": A[:1], "b": B}, "input 'a': shape [1, 3] given, [2, 3] expected"),
        ({"a": A, "b": np.zeros(1, np.int64)}, "input 'b': 1 dimensions given, [1]; 0 expected, []"),
    ],
)
def test_what_does_not_fit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_inputs(SPECS, given)
    assert message in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    assert isinstance(caught.value, ValueError)
