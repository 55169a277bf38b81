"""Reading a TensorIR function through its schedule."""

from __future__ import annotations

import math

import tvm_ffi
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV
from tvm.s_tir.stmt import SBlockRealize

_REDUCE = 2  # tirx.IterVar.CommReduce


def blocks_of(sch: Schedule) -> list[SBlockRV]:
    """The function's blocks in program order."""
    return list(sch.get_child_blocks(sch.get_sblock("root")))


def name_of(sch: Schedule, block: SBlockRV) -> str:
    """The name that the tensor expression gave to the block."""
    return str(sch.get(block).name_hint)


# A loop whose trip count each run decides counts as so many: a prime, which no rule divides, and much work.
OPEN = 10007


def extents(sch: Schedule, loops: list[LoopRV]) -> list[int]:
    """The trip counts of loops; OPEN for those that each run decides."""
    return [_trips(sch.get(loop).extent) for loop in loops]


def _trips(extent: tirx.PrimExpr) -> int:
    return int(extent) if isinstance(extent, tirx.IntImm) else OPEN


def loops_below(sch: Schedule, block: SBlockRV, above: LoopRV) -> list[LoopRV]:
    """The loops around `block` that lie within `above`, told by its variable: names repeat."""
    variable, loops = sch.get(above).loop_var, sch.get_loops(block)
    depth = next(depth for depth, loop in enumerate(loops) if sch.get(loop).loop_var.same_as(variable))
    return loops[depth + 1 :]


def is_reduction(sch: Schedule, block: SBlockRV) -> bool:
    """Whether the block sums, multiplies, or otherwise combines over an axis."""
    return any(int(axis.iter_type) == _REDUCE for axis in sch.get(block).iter_vars)


def split_axes(sch: Schedule, block: SBlockRV, loops: list[LoopRV]) -> tuple[list[LoopRV], list[LoopRV]]:
    """The given loops around a block, as (spatial, reduction), told apart by the axes that they drive."""
    reducing = _reducing_variables(sch, block)
    names = [sch.get(loop).loop_var for loop in loops]
    spatial = [loop for loop, name in zip(loops, names, strict=True) if name not in reducing]
    return spatial, [loop for loop, name in zip(loops, names, strict=True) if name in reducing]


def _reducing_variables(sch: Schedule, block: SBlockRV) -> set[tirx.Var]:
    loops = sch.get_loops(block)
    realize = sch.get(loops[-1]).body if loops else None
    found: set[tirx.Var] = set()
    if isinstance(realize, SBlockRealize):
        for axis, value in zip(realize.block.iter_vars, realize.iter_values, strict=True):
            if int(axis.iter_type) == _REDUCE:
                tvm_ffi.structural_walk(value, (tirx.Var, found.add))
    return found


def work_of(sch: Schedule, block: SBlockRV) -> int:
    """How often the block's body runs."""
    return math.prod(extents(sch, sch.get_loops(block)))


def divisors(number: int, most: int) -> list[int]:
    """The divisors of `number` up to `most`, ascending."""
    return [count for count in range(1, min(number, most) + 1) if number % count == 0]
