"""How tensors lie in memory: their types as DLPack counts them, and how many bytes they take."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from neo_compiler.native.plan import Placed, Plan
from neo_compiler.native.size import most_elements

# numpy's name -> DLPack type code, bits
DTYPES: dict[str, tuple[int, int]] = {
    "bool": (6, 8),
    "int8": (0, 8),
    "int16": (0, 16),
    "int32": (0, 32),
    "int64": (0, 64),
    "uint8": (1, 8),
    "uint16": (1, 16),
    "uint32": (1, 32),
    "uint64": (1, 64),
    "float16": (2, 16),
    "float32": (2, 32),
    "float64": (2, 64),
    "bfloat16": (4, 16),
}

# Every tensor starts at such an address: kernels load whole vectors, and cache lines are not shared.
ALIGNMENT = 64


def byte_size(dtype: str, shape: Iterable[int]) -> int:
    """How many bytes a compact tensor takes."""
    return prod(shape) * DTYPES[dtype][1] // 8


def tensor_bytes(tensor: Placed, plan: Plan) -> int:
    """The most bytes that a tensor takes."""
    return most_elements(tensor.shape, plan.dimensions) * DTYPES[tensor.dtype][1] // 8
