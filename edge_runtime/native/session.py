"""Memory to run a compiled.so in."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_uint64, c_void_p
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import aligned_empty, fixed_shape
from edge_runtime.native.tensors import TensorTable, shape_of_array
from edge_runtime.shapes import bind, is_fixed, shape_of

if TYPE_CHECKING:
    from edge_runtime.arrays import Array
    from edge_runtime.engine import Values
    from edge_runtime.native.model import NativeModel


class NativeSession:
    """Memory for one run at a time; the tables for the call are made once."""

    def __init__(self, model: NativeModel, lib: ctypes.CDLL, handle: c_void_p) -> None:
        self._model, self._lib = model, lib
        self._handle = c_void_p()
        self._inputs = TensorTable(model.inputs)
        self._outputs = TensorTable(model.outputs)
        self._fixed = is_fixed((*model.inputs, *model.outputs))
        self._made = [(spec.dtype, shape_of(spec, {})) for spec in model.outputs] if self._fixed else []
        model.check(lib.neo_session_create(handle, byref(self._handle)))
        self._staged: _Staged | None = None
        if model.device is None and self._fixed and _is_small(model):
            held = [aligned_empty(spec.dtype, fixed_shape(spec)) for spec in (*model.inputs, *model.outputs)]
            given, made = held[: len(model.inputs)], held[len(model.inputs) :]
            self._staged = _Staged(given, made, self._call(given, made))

    @property
    def stream(self) -> int | None:
        """On which the session computes, as DLPack counts streams; None without a GPU."""
        if self._model.device is None:
            return None
        stream = c_void_p()
        self._model.check(self._lib.neo_session_stream(self._handle, byref(stream)))
        return stream.value

    def compute(self, inputs: Values) -> list[Array]:
        """`run` into new arrays."""
        if (staged := self._staged) is not None:
            for held, value in zip(staged.inputs, inputs, strict=True):
                held[...] = value
            self._model.check(self._lib.neo_session_run(*staged.call))
            return [held.copy() for held in staged.outputs]
        outputs = self._new_outputs(inputs)
        self.run(inputs, outputs)
        return outputs

    def time(self, inputs: Values) -> list[int]:
        """`profile` with results that nobody reads."""
        return self.profile(inputs, self._new_outputs(inputs))

    def run(self, inputs: Values, outputs: Values) -> None:
        """Computes `outputs` in place; all are compact and have the model's dtypes and shapes."""
        self._model.check(self._lib.neo_session_run(*self._call(inputs, outputs)))

    def profile(self, inputs: Values, outputs: Values) -> list[int]:
        """`run`, and the nanoseconds of each step."""
        times = (c_uint64 * self._lib.neo_step_count())()
        self._model.check(self._lib.neo_session_profile(*self._call(inputs, outputs), times, len(times)))
        return list(times)

    def close(self) -> None:
        self._model.check(self._lib.neo_session_destroy(self._handle))
        self._handle = c_void_p()

    def _new_outputs(self, inputs: Values) -> list[Array]:
        if self._fixed:
            return [aligned_empty(dtype, shape) for dtype, shape in self._made]
        sizes = bind(self._model.inputs, [shape_of_array(value) for value in inputs])
        return [aligned_empty(spec.dtype, shape_of(spec, sizes)) for spec in self._model.outputs]

    def _call(self, inputs: Values, outputs: Values) -> tuple[Any, ...]:
        given, made = self._inputs, self._outputs
        return self._handle, given.point_to(inputs), len(inputs), made.point_to(outputs), len(outputs)


@dataclass(frozen=True)
class _Staged:
    """Memory that the session keeps for small tensors: to copy them is faster than to say where they are."""

    inputs: Sequence[Array]
    outputs: Sequence[Array]
    call: tuple[Any, ...]


_MOST_STAGED = 4096  # bytes of all tensors together


def _is_small(model: NativeModel) -> bool:
    specs = (*model.inputs, *model.outputs)
    return sum(np.dtype(spec.dtype).itemsize * prod(fixed_shape(spec)) for spec in specs) <= _MOST_STAGED
