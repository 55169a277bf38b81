"""Multiply-adds by a lane of a register, as ARM has them: inputs are loaded as vectors, not one by one."""

from __future__ import annotations

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV

from neo_compiler.schedule.blocks import extents
from neo_compiler.target import Target

LANES = 4


def has_lanes(target: Target) -> bool:
    """Whether the target multiplies a vector by a lane of another one, and adds, in one instruction."""
    return target.arch == "aarch64"


def load_vectors(sch: Schedule, anchor: SBlockRV, reduction: LoopRV) -> LoopRV:
    """Let `reduction`, the innermost one and contiguous in the first operand, pass over vectors of LANES.

    The vectors of a whole tile are loaded before the multiply-adds that take their lanes. Returns the
    loop over vectors; `reduction`, and nothing changed, where it does not divide into such vectors.
    """
    if extents(sch, [reduction])[0] % LANES:
        return reduction
    outer, lane = sch.split(reduction, [None, LANES], preserve_unit_iters=True)
    vectors = sch.cache_read(anchor, 0, "local")
    sch.compute_at(vectors, outer, preserve_unit_loops=True)
    depth = len(sch.get_loops(vectors))
    at = [str(sch.get(loop).loop_var) for loop in sch.get_loops(vectors)].index(str(sch.get(outer).loop_var))
    *rest, last = sch.get_loops(vectors)[at + 1 : depth]
    for loop in rest:
        sch.unroll(loop)
    sch.vectorize(last)
    sch.unroll(lane)
    return outer
