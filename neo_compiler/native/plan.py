"""The executable plan of one model: a flat list of kernel calls over statically placed tensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edge_runtime.manifest import TensorSpec


class Where(IntEnum):
    """The memory a tensor lives in; the values are part of the C runtime's tables."""

    INPUT = 0
    OUTPUT = 1
    ARENA = 2
    PARAMS = 3


@dataclass(frozen=True)
class Placed:
    """A tensor at a fixed place.

    `index` is the number of the model's input or output for INPUT and OUTPUT, else 0; `offset` counts
    bytes from the start of that buffer, of the session's arena or of the parameter file.
    """

    where: Where
    dtype: str
    shape: tuple[int, ...]
    index: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Step:
    """One kernel call; `args` are positions in `Plan.tensors`, outputs last.

    On a GPU it is one launch of the several that `operator` may take, with `args` in the kernel's own order.
    """

    kernel: str
    args: tuple[int, ...]
    operator: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything the C driver needs to know about a model.

    `results[i]` is the position in `tensors` of the value that becomes output i; where that tensor does
    not already live in output i, the driver copies it there after the last step. `scratch_bytes` is the
    most workspace that one thread of any kernel asks for at a time.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: tuple[Placed, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]
    arena_bytes: int
    params_bytes: int
    scratch_bytes: int
