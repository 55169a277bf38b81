"""What runs a model, in whole or in part: the interface of all backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge_runtime.manifest import TensorSpec

if TYPE_CHECKING:
    from typing import TypeAlias

    from edge_runtime.arrays import Array
    from edge_runtime.cuda.dlpack import Borrowed
    from edge_runtime.cuda.tensor import DeviceTensor

    Values: TypeAlias = Sequence[Array | Borrowed | DeviceTensor]


@dataclass(frozen=True)
class NativeMemory:
    """Bytes, as neo_memory_info tells them."""

    arena: int
    params: int
    scratch: int
    io: int


class Session(Protocol):
    """Memory for one run at a time."""

    @property
    def stream(self) -> int | None:
        """On which a GPU computes, as DLPack counts streams; None without one: all values are arrays then."""

    def compute(self, inputs: Values) -> list[Array]:
        """The outputs in new arrays; the inputs are compact and have the model's dtypes and shapes."""

    def run(self, inputs: Values, outputs: Values) -> None:
        """`compute` into what is given, which is compact and has the model's dtypes and shapes too."""

    def time(self, inputs: Values) -> list[int]:
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
