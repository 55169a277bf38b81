"""What goes into a model and what comes out of it, as numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec
from edge_runtime.shapes import text_of

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


class Declared:
    """A model's inputs, to be compared quickly with what is given."""

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        fixed = all(isinstance(size, int) for spec in specs for size in spec.shape)
        self._rows = (
            [(spec.name, np.dtype(spec.dtype), fixed_shape(spec)) for spec in specs] if fixed else None
        )

    def fitting(self, given: Mapping[str, Any]) -> list[Any] | None:
        """The arrays in the model's order, if they are just as declared; None says nothing."""
        if self._rows is None or len(given) != len(self._rows):
            return None
        found = []
        for name, dtype, shape in self._rows:
            array = given.get(name)
            if type(array) is not np.ndarray or array.dtype != dtype or array.shape != shape:
                return None
            if not array.flags.c_contiguous:
                return None
            found.append(array)
        return found


def check_inputs(
    specs: Sequence[TensorSpec], given: Mapping[str, Any], stream: int | None = None
) -> list[Any]:
    """The arrays in the model's order, compact; InputError tells what was given and what is expected.

    Tensors on a GPU stay there, ready on `stream`; where that is None the model takes none. A symbolic
    dimension may have any size here.
    """
    check_names("input", specs, given)
    return [_check_value(spec, given[spec.name], stream) for spec in specs]


def check_names(
    kind: str, specs: Sequence[TensorSpec], given: Mapping[str, Any], partial: bool = False
) -> None:
    """Raises InputError where a name is unknown, or missing and not `partial`."""
    names = [spec.name for spec in specs]
    verb = {"input": "takes", "output": "has"}[kind]
    if unknown := [name for name in given if name not in names]:
        raise InputError(
            f"there is no {kind} {', '.join(map(repr, unknown))}; this model {verb} {_listing(specs, kind)}"
        )
    if missing := [name for name in names if name not in given and not partial]:
        raise InputError(
            f"{kind} {', '.join(map(repr, missing))} is missing; this model {verb} {_listing(specs, kind)}"
        )


def on_gpu(value: object) -> bool:
    """Whether a value says, by DLPack, that it lies on a CUDA device."""
    if isinstance(value, np.ndarray):
        return False
    ask = getattr(value, "__dlpack_device__", None)
    return ask is not None and int(ask()[0]) in _CUDA


_CUDA = (2, 13)  # kDLCUDA, kDLCUDAManaged


def _check_value(spec: TensorSpec, value: Any, stream: int | None) -> Any:
    if not on_gpu(value):
        return _check_array(spec, value)
    from edge_runtime.cuda.dlpack import borrow

    return borrow(value, stream, spec)


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
    if array.ndim != len(spec.shape):
        raise InputError(
            f"input {spec.name!r}: {array.ndim} dimensions given, {list(array.shape)}; "
            f"{len(spec.shape)} expected, {text_of(spec.shape)}"
        )
    if any(
        isinstance(size, int) and size != given for size, given in zip(spec.shape, array.shape, strict=True)
    ):
        raise InputError(
            f"input {spec.name!r}: shape {list(array.shape)} given, {text_of(spec.shape)} expected"
        )
    return array if array.flags.c_contiguous else array.copy(order="C")


def _listing(specs: Sequence[TensorSpec], kind: str) -> str:
    rows = (f"{spec.name!r} {spec.dtype} {text_of(spec.shape)}" for spec in specs)
    return ", ".join(rows) or f"no {kind}s"
