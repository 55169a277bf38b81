"""A small real artifact for a GPU: the kernels of mlp.ptx behind the plan of the CPU's sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_runtime.manifest import GpuNeeds, TargetNeeds
from neo_compiler.native.cuda.image import Geometry, Image, Launch
from neo_compiler.native.link import link
from neo_compiler.native.plan import Plan
from tests.edge_runtime import sample

PTX = Path(__file__).with_name("mlp.ptx")


NEEDS = GpuNeeds("cuda", "sm_53", "4.2", "9.0")


def target() -> TargetNeeds:
    """The sample's CPU with a GPU."""
    cpu = sample.target()
    return TargetNeeds("gpu", cpu.triple, cpu.arch, cpu.cpu, cpu.requires, NEEDS)


def image() -> Image:
    by_row = Geometry((sample.ROWS, 1, 1), (sample.COLUMNS, 1, 1))
    launches = (Launch(0, by_row), Launch(1, by_row), Launch(2, by_row))
    return Image(PTX.read_text(encoding="ascii"), 53, (9, 0), ("matmul", "add", "relu"), launches)


def plan() -> Plan:
    found = sample.mlp_plan()
    return Plan(**{**vars(found), "scratch_bytes": 0})


def build(folder: Path) -> Path:
    """compiled.so and compiled.params, with examples."""
    folder.mkdir(parents=True, exist_ok=True)
    link([], plan(), sample.target(), folder / "compiled.so", image())
    (folder / "compiled.params").write_bytes(sample.params_bytes())
    x = np.random.default_rng(3).standard_normal((sample.ROWS, sample.INNER), np.float32)
    case = {"input:x": x, **{f"expected:{name}": array for name, array in sample.mlp_reference(x).items()}}
    (folder / "selftest").mkdir(exist_ok=True)
    np.savez(folder / "selftest" / "0.npz", **case)  # type: ignore[arg-type]  # numpy's own stub
    sample.write_manifest(folder, plan(), target=target(), features=("cuda",))
    return folder
