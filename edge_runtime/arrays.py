"""What goes into a model and what comes out of it, as numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:  # importing it takes as long as all of this package
    import numpy.typing as npt

    Array = npt.NDArray[Any]

ALIGNMENT = 64  # bytes: such arrays the compiled code reads and writes in place


def aligned_empty(dtype: str, shape: Sequence[int]) -> Array:
    """A new array without values whose memory starts at a multiple of 64 bytes."""
    kind = np.dtype(dtype)
    memory = np.empty(prod(shape) * kind.itemsize + ALIGNMENT, np.uint8)
    offset = -memory.__array_interface__["data"][0] % ALIGNMENT
    array: Array = np.ndarray(tuple(shape), kind, memory.data, offset)
    return array


def fixed_shape(spec: TensorSpec) -> tuple[int, ...]:
    """The shape of a tensor without symbolic dimensions."""
    return tuple(map(int, spec.shape))


def check_inputs(specs: Sequence[TensorSpec], given: Mapping[str, Any]) -> list[Array]:
    """The arrays in the model's order, compact; InputError tells what was given and what is expected."""
    names = [spec.name for spec in specs]
    if unknown := [name for name in given if name not in names]:
        raise InputError(
            f"there is no input {', '.join(map(repr, unknown))}; this model takes {_listing(specs)}"
        )
    if missing := [name for name in names if name not in given]:
        raise InputError(
            f"input {', '.join(map(repr, missing))} is missing; this model takes {_listing(specs)}"
        )
    return [_check_array(spec, given[spec.name]) for spec in specs]


def _check_array(spec: TensorSpec, value: Any) -> Array:
    try:
        array = np.asarray(value)
    except ValueError as error:  # e.g. rows of different length
        raise InputError(f"input {spec.name!r}: no array can be made of it: {error}") from None
    expected = np.dtype(spec.dtype)
    if array.dtype != expected:
        order = "big-endian " if array.dtype.newbyteorder("=") == expected else ""
        raise InputError(
            f"input {spec.name!r}: {order}{array.dtype.name} given, {expected} expected: "
            f"convert it, e.g. with array.astype({spec.dtype!r})"
        )
    shape = fixed_shape(spec)
    if array.ndim != len(shape):
        raise InputError(
            f"input {spec.name!r}: {array.ndim} dimensions given, {list(array.shape)}; "
            f"{len(shape)} expected, {list(shape)}"
        )
    if array.shape != shape:
        raise InputError(f"input {spec.name!r}: shape {list(array.shape)} given, {list(shape)} expected")
    return array if array.flags.c_contiguous else array.copy(order="C")


def _listing(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.name!r} {spec.dtype} {list(spec.shape)}" for spec in specs) or "no inputs"
