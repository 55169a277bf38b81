"""A compiled.so, opened."""

from __future__ import annotations

import _ctypes
from ctypes import byref, c_int32, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_runtime.engine import NativeMemory
from edge_runtime.errors import ArtifactError, RunError
from edge_runtime.interface import DTYPES, MemoryInfo, TensorInfo, for_gpu, load_library
from edge_runtime.manifest import TensorSpec
from edge_runtime.native.session import NativeSession
from edge_runtime.native.tensors import SYMBOLIC

if TYPE_CHECKING:
    from edge_runtime.cuda.memory import Block, DeviceMemory


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
