"""Reading a TensorIR function through its schedule."""

from __future__ import annotations

import math

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

_REDUCE = 2  # tirx.IterVar.CommReduce


def blocks_of(sch: Schedule) -> list[SBlockRV]:
    """The function's blocks in program order."""
    return list(sch.get_child_blocks(sch.get_sblock("root")))


def name_of(sch: Schedule, block: SBlockRV) -> str:
    """The name that the tensor expression gave to the block."""
    return str(sch.get(block).name_hint)


def extents(sch: Schedule, loops: list[LoopRV]) -> list[int]:
    """The trip counts of static loops."""
    return [int(sch.get(loop).extent) for loop in loops]


def is_reduction(sch: Schedule, block: SBlockRV) -> bool:
    """Whether the block sums, multiplies, or otherwise combines over an axis."""
    return any(int(axis.iter_type) == _REDUCE for axis in sch.get(block).iter_vars)


def split_axes(sch: Schedule, block: SBlockRV, loops: list[LoopRV]) -> tuple[list[LoopRV], list[LoopRV]]:
    """The given innermost loops of a block, as (spatial, reduction).

    Loops of extent one may have vanished; a block's reduction loops are told apart by the variables that
    its axes are bound to, not by their position.
    """
    realize = {str(axis.var): int(axis.iter_type) for axis in sch.get(block).iter_vars}
    if len(realize) == len(loops):
        kinds = [int(axis.iter_type) == _REDUCE for axis in sch.get(block).iter_vars]
    else:
        counted = [axis for axis in sch.get(block).iter_vars if int(axis.dom.extent) > 1]
        reductions = sum(int(axis.iter_type) == _REDUCE for axis in counted)
        kinds = [False] * (len(loops) - reductions) + [True] * reductions
    spatial = [loop for loop, reduces in zip(loops, kinds, strict=True) if not reduces]
    return spatial, [loop for loop, reduces in zip(loops, kinds, strict=True) if reduces]


def work_of(sch: Schedule, block: SBlockRV) -> int:
    """How often the block's body runs."""
    return math.prod(extents(sch, sch.get_loops(block)))


def divisors(number: int, most: int) -> list[int]:
    """The divisors of `number` up to `most`, ascending."""
    return [count for count in range(1, min(number, most) + 1) if number % count == 0]
