"""Softmax, normalisation and their like: each row passes through all blocks while it is in the cache."""

from __future__ import annotations

import math

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import blocks_of, extents, is_reduction, split_axes, work_of
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.generic import PARALLEL_WORK, inline_chains
from neo_compiler.schedule.cpu.lanes import reduce_in_lanes, try_compute_at, vectorize_last
from neo_compiler.target import Target


def schedule(sch: Schedule, target: Target, _choose: Choose) -> bool:
    """Schedule a function that reduces the last axes of what it then computes element by element."""
    inline_chains(sch)
    *others, last = blocks_of(sch)
    reductions = [block for block in others if is_reduction(sch, block)]
    if not reductions or is_reduction(sch, last):
        return False
    depth = len(sch.get_loops(last)) - len(_reduced(sch, reductions[0]))
    if depth < 1 or any(_rows(sch, block) != _extent(sch, last, depth) for block in reductions):
        return False
    for block in reductions:
        reduce_in_lanes(sch, block, target)
    row = sch.fuse(*sch.get_loops(last)[:depth])
    for block in reversed(blocks_of(sch)[:-1]):
        if not try_compute_at(sch, block, row):
            return False
    if work_of(sch, last) >= PARALLEL_WORK:
        sch.parallel(row)
    for block in blocks_of(sch):
        _inside(sch, block, target)
    return True


def _reduced(sch: Schedule, block: SBlockRV) -> list[object]:
    return list(split_axes(sch, block, sch.get_loops(block))[1])


def _rows(sch: Schedule, block: SBlockRV) -> int:
    return math.prod(extents(sch, split_axes(sch, block, sch.get_loops(block))[0]))


def _extent(sch: Schedule, block: SBlockRV, depth: int) -> int:
    return math.prod(extents(sch, sch.get_loops(block)[:depth]))


def _inside(sch: Schedule, block: SBlockRV, target: Target) -> None:
    """Schedule a block below the row loop."""
    inner = sch.get_loops(block)[1:]
    if not is_reduction(sch, block):
        if inner:
            vectorize_last(sch, inner[-1], target)
        return
    spatial, reductions = split_axes(sch, block, inner)
    if spatial and reductions and extents(sch, spatial[-1:])[0] > 1:
        sch.reorder(*reductions, *spatial)
        sch.vectorize(spatial[-1])
    if reductions:
        sch.decompose_reduction(block, reductions[0])
