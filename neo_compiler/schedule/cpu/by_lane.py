"""Multiply-adds by a lane of a register, as ARM has them: inputs are loaded as vectors, not one by one."""

from __future__ import annotations

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.blocks import extents, loops_below
from neo_compiler.target import Target

LANES = 4
_MANY_SUMS = 16


def has_lanes(target: Target) -> bool:
    """Whether the target multiplies a vector by a lane of another one, and adds, in one instruction."""
    return target.arch == "aarch64"


def weights_early(target: Target, sums: int) -> bool:
    """Whether weights are loaded together before the multiply-adds of a tile of so many sums.

    Cores that execute in order then wait once, not for each lane. With fewer sums, LLVM orders loads better
    when it is free to do so (predicted by its model of the Cortex-A53).
    """
    return target.in_order and sums >= _MANY_SUMS


def load_vectors(sch: Schedule, anchor: SBlockRV, reduction: LoopRV, early: bool) -> LoopRV:
    """Let `reduction`, the innermost one and contiguous in the first operand, pass over vectors of LANES.

    The vectors of a whole tile are loaded before the multiply-adds that take their lanes, and with `early`
    those of weights, the second operand, too. Returns the loop over vectors; `reduction`, and nothing
    changed, where it does not divide into such vectors.
    """
    if extents(sch, [reduction])[0] % LANES:
        return reduction
    outer, lane = sch.split(reduction, [None, LANES], preserve_unit_iters=True)
    for operand in (1, 0) if early else (0,):
        _load_before(sch, anchor, operand, outer)
    sch.unroll(lane)
    return outer


def _load_before(sch: Schedule, anchor: SBlockRV, operand: int, outer: LoopRV) -> None:
    """Load what a pass of `outer` needs of an operand into registers."""
    vectors = sch.cache_read(anchor, operand, "local")
    sch.compute_at(vectors, outer, preserve_unit_loops=True)
    *rest, last = loops_below(sch, vectors, outer)
    for loop in rest:
        sch.unroll(loop)
    sch.vectorize(last)
