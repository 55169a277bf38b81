"""neo_model.h, the C interface of compiled.so, as ctypes declarations."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_char_p, c_int, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from edge_runtime.errors import ArtifactError

ABI_VERSION = 1


class DataType(Structure):
    """DLDataType of DLPack."""

    _fields_ = (("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16))


class Tensor(Structure):
    """DLTensor of DLPack."""

    _fields_ = (
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("dtype", DataType),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    )


class TensorInfo(Structure):
    """neo_tensor_info."""

    _fields_ = (("name", c_char_p), ("dtype", DataType), ("ndim", c_int32), ("shape", POINTER(c_int64)))


class DimensionInfo(Structure):
    """neo_dimension."""

    _fields_ = (
        ("name", c_char_p),
        ("low", c_int64),
        ("high", c_int64),
        ("input", c_int32),
        ("axis", c_int32),
    )


class MemoryInfo(Structure):
    """neo_memory_info, in bytes."""

    _fields_ = tuple((name, c_uint64) for name in ("arena", "params", "scratch", "io"))


# DLPack type code, bits -> numpy's name
DTYPES = {
    (6, 8): "bool",
    **{(0, bits): f"int{bits}" for bits in (8, 16, 32, 64)},
    **{(1, bits): f"uint{bits}" for bits in (8, 16, 32, 64)},
    **{(2, bits): f"float{bits}" for bits in (16, 32, 64)},
}

_TENSORS = POINTER(POINTER(Tensor))
_RUN = (c_void_p, _TENSORS, c_int32, _TENSORS, c_int32)

# name -> result, arguments
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "neo_abi_version": (c_uint32, ()),
    "neo_last_error": (c_char_p, ()),
    "neo_input_count": (c_int32, ()),
    "neo_output_count": (c_int32, ()),
    "neo_input_info": (c_int, (c_int32, POINTER(TensorInfo))),
    "neo_output_info": (c_int, (c_int32, POINTER(TensorInfo))),
    "neo_memory": (None, (POINTER(MemoryInfo),)),
    "neo_model_open": (c_int, (c_char_p, c_int32, POINTER(c_void_p))),
    "neo_model_threads": (c_int32, (c_void_p,)),
    "neo_model_close": (c_int, (c_void_p,)),
    "neo_session_create": (c_int, (c_void_p, POINTER(c_void_p))),
    "neo_session_destroy": (c_int, (c_void_p,)),
    "neo_session_run": (c_int, _RUN),
    "neo_session_profile": (c_int, (*_RUN, POINTER(c_uint64), c_int32)),
    "neo_step_count": (c_int32, ()),
    "neo_step_name": (c_char_p, (c_int32,)),
}

# What libraries that were made before there were open dimensions lack.
_DIMENSION_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "neo_dimension_count": (c_int32, ()),
    "neo_dimension_info": (c_int, (c_int32, POINTER(DimensionInfo))),
}

# neo_device.h: what a library for a GPU has beyond those.
_DEVICE_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "neo_model_device": (c_int, (c_void_p, POINTER(c_int32 * 2))),
    "neo_device_allocate": (c_int, (c_void_p, c_uint64, POINTER(c_void_p))),
    "neo_device_free": (c_int, (c_void_p, c_void_p)),
    "neo_device_read": (c_int, (c_void_p, c_void_p, c_void_p, c_uint64)),
    "neo_session_stream": (c_int, (c_void_p, POINTER(c_void_p))),
}


def for_gpu(lib: ctypes.CDLL) -> bool:
    """Whether a library has the functions of neo_device.h."""
    return hasattr(lib, "neo_model_device")


def load_library(library: Path) -> ctypes.CDLL:
    """The library, its functions declared; ArtifactError where it does not load or is of another version."""
    try:
        lib = ctypes.CDLL(str(library))
        functions = _FUNCTIONS | (_DEVICE_FUNCTIONS if for_gpu(lib) else {})
        functions |= _DIMENSION_FUNCTIONS if hasattr(lib, "neo_dimension_count") else {}
        for name, (result, arguments) in functions.items():
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise ArtifactError(f"{library} cannot be loaded: {error}{_hint(library)}") from None
    if (version := lib.neo_abi_version()) != ABI_VERSION:
        raise ArtifactError(
            f"{library} has interface version {version}, this edge_runtime knows {ABI_VERSION}: "
            + ("install a newer neo-edge" if version > ABI_VERSION else "compile the model again")
        )
    return lib


def _hint(library: Path) -> str:
    if library.exists() and os.statvfs(library).f_flag & os.ST_NOEXEC:
        return "; its file system is mounted noexec: set EDGE_RUNTIME_CACHE to a folder on another one"
    return ""
