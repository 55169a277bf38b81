"""Everything else: element-wise chains inlined, the innermost axis a vector, large loops in parallel."""

from __future__ import annotations

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV, ScheduleError

from neo_compiler.schedule.blocks import blocks_of, divisors, extents, is_reduction, split_axes, work_of
from neo_compiler.schedule.choice import Choose
from neo_compiler.schedule.cpu.lanes import reduce_in_lanes, single_use, vectorize_last
from neo_compiler.target import Target

# Below this many iterations, waking another thread costs more than it saves.
PARALLEL_WORK = 16384
_MOST_PARTS, _FEWEST_PARTS = 16, 4
_LONG = 4  # vectors in a row that is worth a loop of its own for what does not fill a vector
_WIDEST = 16  # vectors in a row that is reduced column by column


def schedule(sch: Schedule, target: Target, _choose: Choose) -> bool:
    """Schedule any function."""
    inline_chains(sch)
    for block in blocks_of(sch):
        if not sch.get_loops(block):
            continue
        if is_reduction(sch, block):
            _reduce(sch, block, target)
        else:
            _map(sch, block, target)
    return True


def inline_chains(sch: Schedule) -> None:
    """Compute element-wise values where their only reader needs them."""
    for block in blocks_of(sch)[:-1]:
        if single_use(sch, block):
            try:
                sch.compute_inline(block)
            except ScheduleError:
                continue


def _map(sch: Schedule, block: SBlockRV, target: Target) -> None:
    work = work_of(sch, block)
    *outer, last = loops = _units_first(sch, block)
    extent = extents(sch, [last])[0]
    if extent >= _LONG * target.lanes and divisors(extent, 2 * target.lanes)[-1] < target.lanes:
        _parallel(sch, outer, work)  # LLVM makes vectors of most of the row, and a loop for what is left
        return
    rest = vectorize_last(sch, last, target)
    if rest is None:
        lanes = divisors(work, target.lanes)[-1]
        rest, vector = sch.split(sch.fuse(*loops), [None, lanes])
        outer = []
        if lanes > 1:
            sch.vectorize(vector)
    _parallel(sch, [*outer, rest], work)


def _units_first(sch: Schedule, block: SBlockRV) -> list[LoopRV]:
    """The block's loops, reordered so that the last one is not a single pass if another is not."""
    loops = sch.get_loops(block)
    passes = extents(sch, loops)
    last = max((index for index, extent in enumerate(passes) if extent > 1), default=len(loops) - 1)
    if last < len(loops) - 1:
        sch.reorder(*loops[last + 1 :], loops[last])
    return sch.get_loops(block)


def _reduce(sch: Schedule, block: SBlockRV, target: Target) -> None:
    spatial, reductions = split_axes(sch, block, sch.get_loops(block))
    if not spatial:
        return
    width = extents(sch, spatial[-1:])[0]
    if width % 4 == 0 and width <= _WIDEST * target.lanes:
        _reduce_columns(sch, block, alone=width <= _FEWEST_PARTS * target.lanes)
    elif (held := reduce_in_lanes(sch, block, target)) is not None:
        _reduce_lanes(sch, held, block, len(spatial))
    else:
        work = work_of(sch, block)
        sch.reorder(*spatial, *reductions)
        _parallel(sch, spatial, work)
        sch.decompose_reduction(block, reductions[0])


def _reduce_columns(sch: Schedule, block: SBlockRV, *, alone: bool) -> None:
    """A reduction over other axes than the last, whose values are vectors.

    A row of few vectors, `alone`, is reduced in several interleaved parts: one addition would wait for the
    other. Longer rows have enough additions under way and keep the order of a plain loop.
    """
    work = work_of(sch, block)
    spatial, reductions = split_axes(sch, block, sch.get_loops(block))
    parts = divisors(extents(sch, reductions[-1:])[0], _MOST_PARTS)[-1]
    held = block
    if alone and parts >= _FEWEST_PARTS and len(sch.get(block).writes) == 1:
        _, part = sch.split(reductions[-1], [None, parts])
        held = sch.rfactor(part, len(spatial) - 1)
    columns, reductions = split_axes(sch, held, sch.get_loops(held))
    *outer, last = columns[: len(spatial)]
    sch.reorder(*outer, *reductions, *columns[len(spatial) :], last)
    sch.vectorize(last)
    if held is not block:
        if not outer:
            outer = [sch.add_unit_loop(sch.get_loops(held)[0])]
        row = sch.fuse(*outer)
        sch.unroll(columns[-1])
        sch.reverse_compute_at(block, row)
        sch.vectorize(sch.get_loops(block)[-1])
        outer = [row]
    _parallel(sch, outer, work)
    sch.decompose_reduction(held, reductions[0])


def _reduce_lanes(sch: Schedule, held: SBlockRV, block: SBlockRV, rows: int) -> None:
    """Schedule what `reduce_in_lanes` made: vectors of partial results, combined row by row."""
    work = work_of(sch, held)
    row = sch.fuse(*sch.get_loops(held)[:rows])
    spatial, reductions = split_axes(sch, held, sch.get_loops(held)[1:])
    sch.reorder(*reductions, *spatial)
    sch.vectorize(spatial[-1])
    sch.reverse_compute_at(block, row)
    _parallel(sch, [row], work)
    sch.decompose_reduction(held, reductions[0])


def _parallel(sch: Schedule, loops: list[LoopRV], work: int) -> None:
    if loops and work >= PARALLEL_WORK:
        sch.parallel(sch.fuse(*loops))
