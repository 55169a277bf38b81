"""Tensors out of PyTorch's legacy checkpoint format (before the zip container), without PyTorch.

The format is four pickles (magic number, protocol, system facts, the object), a pickled list of storage
keys, then each storage as a 64-bit element count and its raw little-endian values. A pickle can build
anything, so only the four names that tensors need are allowed; every other one is an error.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class CheckpointError(ValueError):
    """The file is no legacy checkpoint of plain tensors."""


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def load_state(content: bytes) -> dict[str, NDArray[Any]]:
    """Read a state dict: tensor name → array (float32 or int64), in the file's order.

    Raises CheckpointError where the content is anything else.
    """
    stream = io.BytesIO(content)
    try:
        magic, _protocol, _system, state, keys = (_Unpickler(stream).load() for _ in range(5))
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, ValueError) as error:
        raise CheckpointError(f"no readable checkpoint: {error}") from error
    if magic != MAGIC:
        raise CheckpointError("no PyTorch checkpoint of the legacy format: the magic number is missing")
    dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in state.values()}
    storages = {key: _read_storage(stream, dtypes[key]) for key in keys}
    return {name: _view(storages[tensor.storage.key], tensor, name) for name, tensor in state.items()}


def _read_storage(stream: io.BytesIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    head = stream.read(8)
    count = struct.unpack("<q", head)[0] if len(head) == 8 else -1
    raw = stream.read(max(count, 0) * dtype.itemsize)
    if count < 0 or len(raw) != count * dtype.itemsize:
        raise CheckpointError("the checkpoint is truncated")
    return np.frombuffer(raw, dtype)


def _view(storage: NDArray[Any], tensor: _Tensor, name: str) -> NDArray[Any]:
    """The tensor as its own array; checked first, as strides that lead outside would read foreign memory."""
    pairs = list(zip(tensor.shape, tensor.strides, strict=True))
    last = tensor.offset + sum((size - 1) * stride for size, stride in pairs)
    if tensor.offset < 0 or last >= storage.size or any(size < 1 or stride < 0 for size, stride in pairs):
        raise CheckpointError(f"tensor {name} leaves its storage")
    steps = [stride * storage.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps).copy()


def _rebuild(storage: _Storage, offset: int, shape: Any, strides: Any, *_rest: object) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
    ("torch", "FloatStorage"): "FloatStorage",
    ("torch", "LongStorage"): "LongStorage",
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed") from None

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(key=pid[2], dtype=DTYPES[pid[1]])
