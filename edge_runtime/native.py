"""A compiled.so at work: one opened model, and sessions to run it in."""

from __future__ import annotations

import _ctypes
import ctypes
from collections.abc import Sequence
from ctypes import POINTER, byref, c_int32, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_runtime.arrays import aligned_empty, fixed_shape
from edge_runtime.engine import NativeMemory
from edge_runtime.errors import ArtifactError, RunError
from edge_runtime.interface import DTYPES, DataType, MemoryInfo, Tensor, TensorInfo, for_gpu, load_library
from edge_runtime.manifest import TensorSpec
from edge_runtime.shapes import bind, is_fixed, shape_of

if TYPE_CHECKING:
    from edge_runtime.arrays import Array
    from edge_runtime.cuda.memory import Block, DeviceMemory
    from edge_runtime.engine import Values

SYMBOLIC = -1  # what a library says of a dimension whose size each run decides


class NativeModel:
    """An opened compiled.so; not itself guarded against use after `close`.

    Raises ArtifactError where the library cannot be loaded, RunError where it refuses its parameters.
    """

    def __init__(self, library: Path, params: Path | None, threads: int) -> None:
        self._lib = load_library(library)
        self._handle = c_void_p()
        name = str(params).encode() if params else None
        self.device: tuple[int, int] | None = None
        self._memory: DeviceMemory | None = None
        try:
            self.check(self._lib.neo_model_open(name, threads, byref(self._handle)))
            self.inputs = self._specs(self._lib.neo_input_count(), self._lib.neo_input_info)
            self.outputs = self._specs(self._lib.neo_output_count(), self._lib.neo_output_info)
            if for_gpu(self._lib):
                self._use_device()
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

    def declare(self, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> bool:
        """Give the symbolic dimensions their names; False where these are not the model's own specs."""
        pairs = ((self.inputs, inputs), (self.outputs, outputs))
        if not all(len(own) == len(given) and all(map(_agree, own, given)) for own, given in pairs):
            return False
        self.inputs, self.outputs = inputs, outputs
        return True

    def session(self) -> NativeSession:
        return NativeSession(self, self._lib, self._handle)

    def take(self, nbytes: int) -> Block:
        """Memory of the model's device."""
        assert self._memory is not None
        return self._memory.take(nbytes)

    def close(self) -> None:
        """Ends the threads and unloads the library; all sessions have to be closed before.

        Where tensors on the device are still in use, this is done when the last of them goes.
        """
        if self._memory is None:
            self._unload()
        else:
            self._memory.close(self._unload)

    def _use_device(self) -> None:
        from edge_runtime.cuda.memory import DeviceMemory

        found = (c_int32 * 2)()
        self.check(self._lib.neo_model_device(self._handle, byref(found)))
        self.device = found[0], found[1]
        self._memory = DeviceMemory(self._allocate, self._free, self._read)

    def _allocate(self, nbytes: int) -> int:
        address = c_void_p()
        self.check(self._lib.neo_device_allocate(self._handle, nbytes, byref(address)))
        return address.value or 0

    def _free(self, address: int) -> None:
        self.check(self._lib.neo_device_free(self._handle, address))

    def _read(self, to: int, address: int, nbytes: int) -> None:
        self.check(self._lib.neo_device_read(self._handle, to, address, nbytes))

    def _unload(self) -> None:
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
            name, sizes = info.name.decode(), enumerate(info.shape[: info.ndim])
            shape = (f"{name}_{axis}" if size == SYMBOLIC else size for axis, size in sizes)
            rows.append(TensorSpec(name, dtype, tuple(shape)))
        return tuple(rows)


def _agree(own: TensorSpec, given: TensorSpec) -> bool:
    """Whether a spec of the library is `given`; it knows no names of dimensions."""
    if (own.name, own.dtype, len(own.shape)) != (given.name, given.dtype, len(given.shape)):
        return False
    return all(
        size == asked or (isinstance(size, str) and isinstance(asked, str))
        for size, asked in zip(own.shape, given.shape, strict=True)
    )


class NativeSession:
    """Memory for one run at a time; the tables for the call are made once."""

    def __init__(self, model: NativeModel, lib: ctypes.CDLL, handle: c_void_p) -> None:
        self._model, self._lib = model, lib
        self._handle = c_void_p()
        self._inputs = _TensorTable(model.inputs)
        self._outputs = _TensorTable(model.outputs)
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
        sizes = bind(self._model.inputs, [_shape(value) for value in inputs])
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


class _TensorTable:
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
            self._keep[number][axis] = _shape(values[number])[axis]
        return self._pointers


def _shape(value: object) -> tuple[int, ...]:
    """Libraries whose shapes each run decides are for CPUs: they take arrays."""
    assert isinstance(value, np.ndarray)
    shape: tuple[int, ...] = value.shape
    return shape


_HOST = 1  # kDLCPU
