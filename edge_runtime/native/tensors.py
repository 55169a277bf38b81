"""The tables of tensors that a compiled.so reads: filled in once, pointed to the data of each run."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_int64
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.interface import DTYPES, DataType, Tensor
from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from edge_runtime.engine import Values

SYMBOLIC = -1  # what a library says of a dimension whose size each run decides
_HOST = 1  # kDLCPU


class TensorTable:
    """An array of pointers to DLTensors, of which only the places of the data change from run to run.

    Where there are symbolic dimensions, the shapes do too.
    """

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        codes = {name: code for code, name in DTYPES.items()}
        self._rows = (Tensor * len(specs))()
        self._keep = []
        for row, spec in zip(self._rows, specs, strict=True):
            shape = (c_int64 * len(spec.shape))(
                *(size if isinstance(size, int) else SYMBOLIC for size in spec.shape)
            )
            self._keep.append(shape)
            row.ndim = len(shape)
            row.dtype = DataType(*codes[spec.dtype], 1)
            row.shape = ctypes.cast(shape, POINTER(c_int64))
        self._pointers = (POINTER(Tensor) * len(specs))(*map(ctypes.pointer, self._rows))
        self._symbolic = [
            (number, axis)
            for number, spec in enumerate(specs)
            for axis, size in enumerate(spec.shape)
            if isinstance(size, str)
        ]

    def point_to(self, values: Values) -> Any:
        for row, value in zip(self._rows, values, strict=True):
            if isinstance(value, np.ndarray):
                row.data, row.device_type = value.__array_interface__["data"][0], _HOST
            else:
                row.data = value.address
                row.device_type, row.device_id = value.device
        for number, axis in self._symbolic:
            self._keep[number][axis] = shape_of_array(values[number])[axis]
        return self._pointers


def shape_of_array(value: object) -> tuple[int, ...]:
    """Libraries whose shapes each run decides are for CPUs: they take arrays."""
    assert isinstance(value, np.ndarray)
    shape: tuple[int, ...] = value.shape
    return shape
