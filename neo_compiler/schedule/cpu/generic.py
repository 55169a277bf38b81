"""Everything else: element-wise chains inlined, the innermost axis a vector, large loops in parallel."""

from __future__ import annotations

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV, ScheduleError

from neo_compiler.schedule.blocks import blocks_of, divisors, extents, is_reduction, split_axes, work_of
from neo_compiler.target import Target

# Below this many iterations, waking another thread costs more than it saves.
_PARALLEL_WORK = 16384


def schedule(sch: Schedule, target: Target) -> bool:
    """Schedule any function."""
    for block in blocks_of(sch)[:-1]:
        if not is_reduction(sch, block):
            _try_inline(sch, block)
    for block in blocks_of(sch):
        if not sch.get_loops(block):
            continue
        if is_reduction(sch, block):
            _reduce(sch, block)
        else:
            _map(sch, block, target)
    return True


def _try_inline(sch: Schedule, block: SBlockRV) -> None:
    try:
        sch.compute_inline(block)
    except ScheduleError:
        return


def _map(sch: Schedule, block: SBlockRV, target: Target) -> None:
    loops = sch.get_loops(block)
    work, inner = work_of(sch, block), extents(sch, loops)[-1]
    lanes = divisors(inner, 2 * target.lanes)[-1]
    if lanes >= 4:
        *outer, last = loops
        rest, vector = sch.split(last, [None, lanes])
        outer.append(rest)
    else:
        lanes = divisors(work, target.lanes)[-1]
        rest, vector = sch.split(sch.fuse(*loops), [None, lanes])
        outer = [rest]
    if lanes > 1:
        sch.vectorize(vector)
    _parallel(sch, outer, work)


def _reduce(sch: Schedule, block: SBlockRV) -> None:
    work = work_of(sch, block)
    spatial, reductions = split_axes(sch, block, sch.get_loops(block))
    if not spatial:
        return
    *outer, last = spatial
    if extents(sch, [last])[0] % 4 == 0 and extents(sch, [last])[0] <= 64:
        sch.reorder(*outer, *reductions, last)
        sch.vectorize(last)
    else:
        outer = spatial
        sch.reorder(*spatial, *reductions)
    _parallel(sch, outer, work)
    sch.decompose_reduction(block, reductions[0])


def _parallel(sch: Schedule, loops: list[LoopRV], work: int) -> None:
    if loops and work >= _PARALLEL_WORK:
        sch.parallel(sch.fuse(*loops))
