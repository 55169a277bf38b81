"""A target: what code generation needs to know of a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from neo_compiler.precision import Precision


@dataclass(frozen=True)
class Target:
    """A device profile; `vector` in bytes, `l1` and `l2` in KiB per core, `memory` in MiB.

    `also` holds other names of the device, as SageMaker Neo has them. `cores` and `memory` are 0 where the
    profile stands for machines of any size, `emulate` is "" where qemu-user has no such CPU. `in_order` tells
    that a core waits for each result that the next instruction needs. `gpu` is the architecture of an NVIDIA
    GPU, such as "sm_53", that does the work; "" where the CPU does. `compiler` is a C compiler of the system
    that links for the device; "" for ziglang. `precision` is what the user allows the GPU's matrix products.
    `exact` asks for smaller rounding errors at the cost of time.
    """

    name: str
    about: str
    triple: str
    arch: str
    cpu: str
    attrs: tuple[str, ...]
    requires: tuple[str, ...]
    vector: int
    registers: int
    l1: int
    l2: int
    cores: int = 0
    memory: int = 0
    emulate: str = ""
    in_order: bool = False
    also: tuple[str, ...] = ()
    gpu: str = ""
    compiler: str = ""
    precision: Precision = Precision.FP32
    exact: bool = False

    @property
    def lanes(self) -> int:
        """How many float32 values a vector register holds."""
        return self.vector // 4

    @property
    def arm(self) -> bool:
        """Whether vectors are those of ARM's NEON."""
        return self.arch in ("aarch64", "armv7l")

    def for_model(self, *, amplified: bool) -> Target:
        """The target as a model needs it, `amplified` if that makes rounding errors larger.

        x86 code keeps its speed; the comparison allows its errors (docs/decisions/010-arm.md).
        """
        return replace(self, exact=amplified and self.arm)

    @property
    def generic(self) -> bool:
        """Whether the profile stands for an architecture's level, not for one device."""
        return self.cores == 0

    def llvm(self) -> dict[str, Any]:
        """The target as TVM's `llvm` target dictionary."""
        abi = {"mfloat-abi": "hard"} if self.triple.endswith("hf") else {}
        return {"kind": "llvm", "mtriple": self.triple, "mcpu": self.cpu, "mattr": list(self.attrs), **abi}

    def nvptx(self) -> dict[str, Any]:
        """The GPU as TVM's `nvptx` target dictionary.

        TVM takes the threads of a warp to run in lockstep, which ended with sm_70: a warp of one thread lets
        it place barriers between all threads.
        """
        return {"kind": "nvptx", "mcpu": self.gpu, "max_num_threads": 1024, "thread_warp_size": 1}
