"""What a machine has to be and to have to run an artifact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GpuNeeds:
    """The device that kernels are for: `api` is "cuda", `arch` the least architecture, such as "sm_53".

    `ptx` is the version of the kernels' text, `cuda` the first CUDA version whose driver reads it.
    """

    api: str
    arch: str
    ptx: str
    cuda: str


@dataclass(frozen=True)
class TargetNeeds:
    """Where it runs: `arch` as `uname -m` names it, `requires` the CPU flags as Linux names them.

    `gpu` is None where all is done by the CPU.
    """

    name: str
    triple: str
    arch: str
    cpu: str
    requires: tuple[str, ...] = ()
    gpu: GpuNeeds | None = None


@dataclass(frozen=True)
class Memory:
    """Bytes: arena and scratch a session, parameters once a machine."""

    arena_bytes: int
    params_bytes: int
    scratch_bytes: int
