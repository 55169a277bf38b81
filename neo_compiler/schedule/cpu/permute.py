"""Channels that change places: packing, unpacking and shuffling of blocked values."""

from __future__ import annotations

import tvm_ffi
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.lower.compute.layout import SHUFFLE
from neo_compiler.schedule.blocks import blocks_of, extents, is_reduction, name_of, work_of
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.epilogue import fill_padding
from neo_compiler.schedule.cpu.generic import PARALLEL_WORK, inline_chains
from neo_compiler.schedule.cpu.lanes import FEWEST_LANES
from neo_compiler.target import Target


def schedule(sch: Schedule, _target: Target, _choose: Choose) -> bool:
    """Schedule a copy whose source channel is not the vector's next one, or that has no vectors: by channels.

    As vectors these would gather each lane from another place, with a division for each. With the lanes
    outside, the divisions are made once for a channel's whole picture. A shuffle's divisions vanish once its
    lanes are unrolled.
    """
    shuffles = name_of(sch, blocks_of(sch)[0]) == SHUFFLE
    inline_chains(sch)
    block = blocks_of(sch)[-1]
    if len(blocks_of(sch)) > 1 or is_reduction(sch, block) or len(sch.get_loops(block)) != 5:
        return False
    lanes = extents(sch, sch.get_loops(block)[-1:])[0]
    if lanes >= FEWEST_LANES and not _divides_lanes(sch, block):
        return False
    fill_padding(sch, block)
    work = work_of(sch, block)
    batch, channel, row, column, lane = sch.get_loops(block)
    if shuffles:
        sch.unroll(lane)
        outer = sch.fuse(batch, channel, row)
    else:
        sch.reorder(batch, channel, lane, row, column)
        outer = sch.fuse(batch, channel, lane)
    if work >= PARALLEL_WORK:
        sch.parallel(outer)
    return True


def _divides_lanes(sch: Schedule, block: SBlockRV) -> bool:
    """Whether some index is a quotient or remainder of the last axis."""
    body = sch.get(block)
    lane, found = body.iter_vars[-1].var, []

    def visit(division: tirx.FloorDiv | tirx.FloorMod) -> None:
        tvm_ffi.structural_walk(division, (tirx.Var, lambda var: found.append(var.same_as(lane))))

    tvm_ffi.structural_walk(body.body, ((tirx.FloorDiv, tirx.FloorMod), visit))
    return any(found)
