"""Tensors to and from other libraries without a copy (DLPack 1.x, the form before `versioned`)."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int64, c_void_p, cast, py_object
from dataclasses import dataclass
from typing import Any

from edge_runtime.errors import InputError
from edge_runtime.interface import DTYPES, DataType, Tensor
from edge_runtime.manifest import TensorSpec

NAME = b"dltensor"

_get = ctypes.pythonapi.PyCapsule_GetPointer
_get.restype, _get.argtypes = c_void_p, (py_object, c_char_p)
_Deleter = CFUNCTYPE(None, c_void_p)


class _Managed(ctypes.Structure):
    """DLManagedTensor."""

    _fields_ = (("tensor", Tensor), ("context", c_void_p), ("deleter", _Deleter))


@dataclass(frozen=True)
class Borrowed:
    """A tensor of somebody else's, valid as long as `capsule` is kept."""

    address: int
    device: tuple[int, int]
    capsule: object


def borrow(value: Any, stream: int | None, spec: TensorSpec, kind: str = "input") -> Borrowed:
    """The tensor, ready on `stream`; InputError where it is not as `spec` declares, or not compact.

    Where `stream` is None the model computes in host memory and takes none.
    """
    if stream is None:
        raise InputError(
            f"{kind} {spec.name!r} is on a GPU, and this model runs in host memory: copy it there"
        )
    try:
        capsule = value.__dlpack__(stream=stream)
    except (BufferError, RuntimeError) as error:  # e.g. a tensor of torch that requires a gradient
        raise InputError(f"{kind} {spec.name!r} cannot be taken: {error}") from None
    tensor = cast(_get(capsule, NAME), POINTER(_Managed)).contents.tensor
    shape = tuple(tensor.shape[: tensor.ndim])
    dtype = DTYPES.get(
        (tensor.dtype.code, tensor.dtype.bits), f"type {tensor.dtype.code}:{tensor.dtype.bits}"
    )
    if dtype != spec.dtype or tensor.dtype.lanes != 1:
        raise InputError(f"{kind} {spec.name!r}: {dtype} given, {spec.dtype} expected: convert it")
    if shape != spec.shape:
        raise InputError(f"{kind} {spec.name!r}: shape {list(shape)} given, {list(spec.shape)} expected")
    if not _compact(tensor, shape):
        raise InputError(
            f"{kind} {spec.name!r}: its values do not lie in order: give a copy, in torch .contiguous()"
        )
    address = (tensor.data or 0) + tensor.byte_offset
    return Borrowed(address, (tensor.device_type, tensor.device_id), capsule)


def _compact(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    if not tensor.strides or 0 in shape:
        return True
    expected = 1
    for size, stride in zip(reversed(shape), reversed(tensor.strides[: tensor.ndim]), strict=True):
        if size != 1 and stride != expected:
            return False
        expected *= size
    return True


# What exported capsules refer to, by the address of their struct, until the consumer lets go.
_exported: dict[int, tuple[_Managed, Any, object]] = {}


def _delete(address: int) -> None:
    _exported.pop(address, None)


def _destroy(capsule: int) -> None:
    """Of a capsule that nobody has consumed: consumers rename it."""
    if _is_valid(capsule, NAME):
        _exported.pop(_get_raw(capsule, NAME), None)


_delete_c, _destroy_c = _Deleter(_delete), _Deleter(_destroy)
# The destructor sees a capsule that is going: no reference to it may be made.
_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, c_void_p, c_char_p)(("PyCapsule_IsValid", ctypes.pythonapi))
_get_raw = ctypes.PYFUNCTYPE(c_void_p, c_void_p, c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
_new = ctypes.PYFUNCTYPE(py_object, c_void_p, c_char_p, _Deleter)(("PyCapsule_New", ctypes.pythonapi))


def export(
    owner: object, address: int, dtype: str, shape: tuple[int, ...], device: tuple[int, int]
) -> object:
    """A capsule for `owner`'s values, which keeps it alive."""
    codes = {name: code for code, name in DTYPES.items()}
    sizes = (c_int64 * len(shape))(*shape)
    tensor = Tensor(
        address, *device, len(shape), DataType(*codes[dtype], 1), cast(sizes, POINTER(c_int64)), None, 0
    )
    managed = _Managed(tensor, None, _delete_c)
    place = ctypes.addressof(managed)
    _exported[place] = managed, sizes, owner
    return _new(place, NAME, _destroy_c)
