"""The executable plan of one model: a flat list of kernel calls over statically placed tensors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from edge_runtime.manifest import TensorSpec
from neo_compiler.native.size import Extent, Linear, OpenDimension


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
    shape: tuple[Extent, ...]
    index: int = 0
    offset: int = 0

    def starts_with(self, other: Placed) -> bool:
        """Whether both begin at the same place."""
        return (self.where, self.index, self.offset) == (other.where, other.index, other.offset)

    @property
    def fixed_shape(self) -> tuple[int, ...]:
        """The shape in a plan without open dimensions; ValueError in others."""
        if any(isinstance(size, Linear) for size in self.shape):
            raise ValueError(f"{self} has another shape in each run")
        return tuple(size for size in self.shape if isinstance(size, int))


@dataclass(frozen=True)
class Step:
    """One kernel call; `args` are positions in `Plan.tensors`, outputs last.

    `sized`: the sizes of the plan's open dimensions follow as whole numbers. On a GPU it is one launch of the
    several that `operator` may take, with `args` in the kernel's own order. `overwritable` are the places in
    `args` of tensors over which the only output may be written.
    """

    kernel: str
    args: tuple[int, ...]
    operator: str = ""
    sized: bool = False
    overwritable: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fill:
    """A tensor whose few values follow from the sizes of a run; it is written before the first step."""

    tensor: int
    values: tuple[Extent, ...]


@dataclass(frozen=True)
class Plan:
    """Everything the C driver needs to know about a model.

    `results[i]` is the position in `tensors` of the value that becomes output i; where that tensor does
    not already live in output i, the driver copies it there after the last step. `scratch_bytes` is the
    most workspace that one thread of any kernel asks for at a time. Memory is planned for the largest sizes
    of `dimensions`; every tensor starts at its place and is compact in the size that it has.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: tuple[Placed, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]
    arena_bytes: int
    params_bytes: int
    scratch_bytes: int
    dimensions: tuple[OpenDimension, ...] = ()
    fills: tuple[Fill, ...] = ()

    def overwriting(self) -> dict[str, int]:
        """The kernels that write their output over an argument, and the argument's place."""
        return {
            step.kernel: place
            for step in self.steps
            for place in reversed(step.overwritable)
            if self.tensors[step.args[place]].starts_with(self.tensors[step.args[-1]])
        }
