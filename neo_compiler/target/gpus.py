"""NVIDIA's architectures as data, and which CUDA reads which PTX."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

from neo_compiler.precision import Precision

# A version of the PTX language -> the first CUDA version whose driver reads it.
_DRIVERS: dict[str, tuple[int, int]] = {
    "4.0": (6, 0),
    "4.1": (6, 5),
    "4.2": (7, 0),
    "4.3": (7, 5),
    "5.0": (8, 0),
    "6.0": (9, 0),
    "6.1": (9, 1),
    "6.3": (10, 0),
    "6.4": (10, 1),
    "6.5": (10, 2),
    "7.0": (11, 0),
    "7.1": (11, 1),
    "7.4": (11, 4),
    "7.8": (11, 8),
}


@dataclass(frozen=True)
class Gpu:
    """An architecture such as "sm_53"; `ptx` is the first version of the PTX language that has it.

    `tensor_ptx` is the first that has its tensor cores' instructions, where that is a later one; `precisions`
    are those that products have on them. Of the GPU that schedules are chosen for: `multiprocessors`, `cores`
    in each, the `threads` and `blocks` that one holds, `shared` KiB of memory, and `traffic`, the bytes that
    pass between memory and GPU in a cycle.
    """

    name: str
    about: str
    ptx: str
    multiprocessors: int
    cores: int
    threads: int
    blocks: int
    shared: int
    traffic: int
    tensor_ptx: str = ""
    precisions: tuple[Precision, ...] = ()

    def ptx_for(self, precision: Precision) -> str:
        """The version of the PTX language for kernels of that precision."""
        return (self.tensor_ptx or self.ptx) if precision in self.precisions else self.ptx

    def cuda_for(self, precision: Precision) -> tuple[int, int]:
        """The first CUDA version whose driver reads that PTX."""
        return driver_version(self.ptx_for(precision))


@functools.cache
def gpus() -> dict[str, Gpu]:
    """All architectures by name."""
    text = resources.files("neo_compiler.target").joinpath("gpus.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text).items()
    return {
        name: Gpu(name, **row | {"precisions": tuple(map(Precision, row.get("precisions", ())))})
        for name, row in rows
    }


def driver_version(ptx: str) -> tuple[int, int]:
    """The first CUDA version, e.g. (7, 0), whose driver reads PTX of a version such as "4.2"."""
    return _DRIVERS[ptx]


def number(name: str) -> int:
    """53 for "sm_53"."""
    return int(name.removeprefix("sm_"))
