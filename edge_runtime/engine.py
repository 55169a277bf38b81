"""What runs a model, in whole or in part: the interface of all backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


@dataclass(frozen=True)
class NativeMemory:
    """Bytes, as neo_memory_info tells them."""

    arena: int
    params: int
    scratch: int
    io: int


class Session(Protocol):
    """Memory for one run at a time."""

    def compute(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs in new arrays; the inputs are compact and have the model's dtypes and shapes."""

    def time(self, inputs: Sequence[Array]) -> list[int]:
        """One run; the nanoseconds of each step."""

    def close(self) -> None:
        """Frees the memory."""


class Engine(Protocol):
    """An opened model, or an opened part of one."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    @property
    def threads(self) -> int:
        """How many compute together."""

    @property
    def memory(self) -> NativeMemory:
        """What native code takes."""

    @property
    def steps(self) -> list[str]:
        """The names of what `Session.time` times."""

    def session(self) -> Session:
        """A new session."""

    def close(self) -> None:
        """Ends the threads; all sessions have to be closed before."""
