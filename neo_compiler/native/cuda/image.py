"""What a GPU executes: PTX, and how each step of the plan launches a kernel of it."""

from __future__ import annotations

from dataclasses import dataclass

Extent = tuple[int, int, int]


@dataclass(frozen=True)
class Geometry:
    """Blocks in the grid and threads in a block along x, y and z; `shared_bytes` is dynamic shared memory."""

    grid: Extent
    block: Extent
    shared_bytes: int = 0


@dataclass(frozen=True)
class Launch:
    """One step of the plan: `kernel` is the place of its name in `Image.kernels`."""

    kernel: int
    geometry: Geometry


@dataclass(frozen=True)
class Image:
    """`arch` is 53 for sm_53; `cuda` the first CUDA version, e.g. (7, 5), whose driver reads the PTX.

    `launches[i]` is step i of the plan that the image belongs to.
    """

    ptx: str
    arch: int
    cuda: tuple[int, int]
    kernels: tuple[str, ...]
    launches: tuple[Launch, ...]
