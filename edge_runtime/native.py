"""A compiled.so at work: one opened model, and sessions to run it in."""

from __future__ import annotations

import _ctypes
import ctypes
from collections.abc import Sequence
from ctypes import POINTER, byref, c_int64, c_uint64, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.arrays import aligned_empty, fixed_shape
from edge_runtime.engine import NativeMemory
from edge_runtime.errors import ArtifactError, RunError
from edge_runtime.interface import DTYPES, DataType, MemoryInfo, Tensor, TensorInfo, load_library
from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


class NativeModel:
    """An opened compiled.so; not itself guarded against use after `close`.

    Raises ArtifactError where the library cannot be loaded, RunError where it refuses its parameters.
    """

    def __init__(self, library: Path, params: Path | None, threads: int) -> None:
        self._lib = load_library(library)
        self._handle = c_void_p()
        name = str(params).encode() if params else None
        try:
            self.check(self._lib.neo_model_open(name, threads, byref(self._handle)))
            self.inputs = self._specs(self._lib.neo_input_count(), self._lib.neo_input_info)
            self.outputs = self._specs(self._lib.neo_output_count(), self._lib.neo_output_info)
        except BaseException:
            self.close()
            raise

    @property
    def threads(self) -> int:
        return int(self._lib.neo_model_threads(self._handle))

    @property
    def memory(self) -> NativeMemory:
        info = MemoryInfo()
        self._lib.neo_memory(byref(info))
        return NativeMemory(info.arena, info.params, info.scratch, info.io)

    @property
    def steps(self) -> list[str]:
        """The names of the kernel calls in order."""
        return [self._lib.neo_step_name(i).decode() for i in range(self._lib.neo_step_count())]

    def session(self) -> NativeSession:
        return NativeSession(self, self._lib, self._handle)

    def close(self) -> None:
        """Ends the threads and unloads the library; all sessions have to be closed before."""
        self.check(self._lib.neo_model_close(self._handle))
        self._handle = c_void_p()
        _ctypes.dlclose(self._lib._handle)

    def check(self, code: int) -> None:
        """Raises RunError with the library's text where `code` tells of a failure."""
        if code:
            raise RunError(self._lib.neo_last_error().decode(errors="replace"))

    def _specs(self, count: int, ask: Any) -> tuple[TensorSpec, ...]:
        rows, info = [], TensorInfo()
        for i in range(count):
            self.check(ask(i, byref(info)))
            dtype = DTYPES.get((info.dtype.code, info.dtype.bits))
            if dtype is None:
                raise ArtifactError(f"{info.name.decode()}: numpy has no type for the values of this tensor")
            rows.append(TensorSpec(info.name.decode(), dtype, tuple(info.shape[: info.ndim])))
        return tuple(rows)


class NativeSession:
    """Memory for one run at a time; the tables for the call are made once."""

    def __init__(self, model: NativeModel, lib: ctypes.CDLL, handle: c_void_p) -> None:
        self._model, self._lib = model, lib
        self._handle = c_void_p()
        self._inputs = _TensorTable(model.inputs)
        self._outputs = _TensorTable(model.outputs)
        self._made = [(spec.dtype, fixed_shape(spec)) for spec in model.outputs]
        model.check(lib.neo_session_create(handle, byref(self._handle)))

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """`run` into new arrays."""
        outputs = self._new_outputs()
        self.run(inputs, outputs)
        return outputs

    def time(self, inputs: Sequence[Array]) -> list[int]:
        """`profile` with results that nobody reads."""
        return self.profile(inputs, self._new_outputs())

    def run(self, inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
        """Computes `outputs` in place; all arrays are compact and have the model's dtypes and shapes."""
        self._model.check(self._lib.neo_session_run(*self._call(inputs, outputs)))

    def profile(self, inputs: Sequence[Array], outputs: Sequence[Array]) -> list[int]:
        """`run`, and the nanoseconds of each step."""
        times = (c_uint64 * self._lib.neo_step_count())()
        self._model.check(self._lib.neo_session_profile(*self._call(inputs, outputs), times, len(times)))
        return list(times)

    def close(self) -> None:
        self._model.check(self._lib.neo_session_destroy(self._handle))
        self._handle = c_void_p()

    def _new_outputs(self) -> list[Array]:
        return [aligned_empty(dtype, shape) for dtype, shape in self._made]

    def _call(self, inputs: Sequence[Array], outputs: Sequence[Array]) -> tuple[Any, ...]:
        given, made = self._inputs, self._outputs
        return self._handle, given.point_to(inputs), len(inputs), made.point_to(outputs), len(outputs)


class _TensorTable:
    """An array of pointers to DLTensors, of which only the data pointers change from run to run."""

    def __init__(self, specs: Sequence[TensorSpec]) -> None:
        codes = {name: code for code, name in DTYPES.items()}
        self._rows = (Tensor * len(specs))()
        self._keep = []
        for row, spec in zip(self._rows, specs, strict=True):
            shape = (c_int64 * len(spec.shape))(*map(int, spec.shape))
            self._keep.append(shape)
            row.device_type, row.ndim = 1, len(shape)
            row.dtype = DataType(*codes[spec.dtype], 1)
            row.shape = ctypes.cast(shape, POINTER(c_int64))
        self._pointers = (POINTER(Tensor) * len(specs))(*map(ctypes.pointer, self._rows))

    def point_to(self, arrays: Sequence[Array]) -> Any:
        for row, array in zip(self._rows, arrays, strict=True):
            row.data = array.__array_interface__["data"][0]
        return self._pointers
