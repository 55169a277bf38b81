"""A thread for each value, which computes all of it: element-wise chains, pooling, depthwise convolutions."""

from __future__ import annotations

import contextlib

from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV, ScheduleError

from neo_compiler.schedule.blocks import blocks_of, extents, is_reduction, split_axes, work_of
from neo_compiler.schedule.gpu.work import Reduction, reductions_of
from neo_compiler.target import Target

WARP = 32
# Threads in a block: enough of them for a multiprocessor that holds few blocks, and several blocks for small
# values.
_MOST_THREADS = 256


def schedule(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule any function whose blocks are loops over values."""
    sch = Schedule(function)
    inline(sch)
    held = {reduction.block: _reader(sch, reduction) for reduction in reductions_of(sch)}
    followed = {sch.get(reader).name_hint for reader in held.values() if reader is not None}
    for block in blocks_of(sch):
        name = sch.get(block).name_hint
        if is_reduction(sch, block):
            reader = next((value for key, value in held.items() if sch.get(key).name_hint == name), None)
            _reduce(sch, block, reader)
        elif name not in followed:
            bind(sch, sch.get_loops(block) or [sch.add_unit_loop(block)])
    return sch


def inline(sch: Schedule) -> None:
    """Compute values where they are read, however often that is: memory is dearer than arithmetic."""
    for block in blocks_of(sch)[:-1]:
        if not is_reduction(sch, block):
            try:
                sch.compute_inline(block)
            except ScheduleError:
                continue


def bind(sch: Schedule, loops: list[LoopRV]) -> LoopRV:
    """Spread loops over blocks and threads; the result is the loop over the threads."""
    fused = sch.fuse(*loops)
    (work,) = extents(sch, [fused])
    threads = min(_MOST_THREADS, -(-work // WARP) * WARP)
    block, thread = sch.split(fused, [None, threads])
    sch.bind(block, "blockIdx.x")
    sch.bind(thread, "threadIdx.x")
    return thread


def _reader(sch: Schedule, reduction: Reduction) -> SBlockRV | None:
    """The block behind a reduction, where it alone reads it, value by value."""
    readers = list(sch.get_consumers(reduction.block))
    if len(readers) != 1 or is_reduction(sch, readers[0]):
        return None
    return readers[0] if work_of(sch, readers[0]) == reduction.outputs else None


def _reduce(sch: Schedule, block: SBlockRV, reader: SBlockRV | None) -> None:
    """Sum up in a register, and write what the reader makes of it."""
    if reader is None and len(sch.get(block).writes) == 1:
        reader = sch.cache_write(block, 0, "local")
    if reader is None:
        spatial, reducing = split_axes(sch, block, sch.get_loops(block))
        sch.reorder(*spatial, *reducing)
        bind(sch, spatial)
        _start(sch, block)
    else:
        sum_up(sch, block, reader)


def sum_up(sch: Schedule, block: SBlockRV, reader: SBlockRV) -> None:
    """Let each thread add up in a register what the reader then makes a value of."""
    thread = bind(sch, sch.get_loops(reader) or [sch.add_unit_loop(reader)])
    sch.compute_at(block, thread)
    sch.set_scope(block, 0, "local")
    _start(sch, block)


def _start(sch: Schedule, block: SBlockRV) -> None:
    _, reducing = split_axes(sch, block, sch.get_loops(block))
    if reducing:
        # Where TVM cannot follow a thread's number through the division by the axes, the first pass sets the
        # sum to zero instead.
        with contextlib.suppress(ScheduleError):
            sch.decompose_reduction(block, reducing[0])
