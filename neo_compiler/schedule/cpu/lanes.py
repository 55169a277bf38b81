"""Vector loops, and reductions of contiguous values in vector lanes."""

from __future__ import annotations

from tvm.s_tir import Schedule
from tvm.s_tir.schedule import LoopRV, SBlockRV, ScheduleError

from neo_compiler.schedule.blocks import divisors, extents, is_reduction, split_axes
from neo_compiler.target import Target

FEWEST_LANES = 4  # below so many lanes a vector loop gains nothing


def vectorize_last(sch: Schedule, loop: LoopRV, target: Target) -> LoopRV | None:
    """Vectorise an innermost loop; the loop that remains around the vectors, None if its extent forbids."""
    lanes = divisors(extents(sch, [loop])[0], 2 * target.lanes)[-1]
    if lanes < FEWEST_LANES:
        return None
    rest, vector = sch.split(loop, [None, lanes])
    sch.vectorize(vector)
    return rest


def reduce_in_lanes(sch: Schedule, block: SBlockRV, target: Target) -> SBlockRV | None:
    """Split a reduction whose innermost axis is contiguous into one a lane; the block that holds the lanes.

    None, and nothing changed, where the axis does not divide into lanes or the reduction is a compound one.
    """
    spatial, reductions = split_axes(sch, block, sch.get_loops(block))
    if not reductions or len(sch.get(block).writes) > 1:
        return None
    lanes = divisors(extents(sch, reductions[-1:])[0], 2 * target.lanes)[-1]
    if lanes < FEWEST_LANES:
        return None
    _, inner = sch.split(reductions[-1], [None, lanes])
    return sch.rfactor(inner, len(spatial))


def try_compute_at(sch: Schedule, block: SBlockRV, loop: LoopRV) -> bool:
    """Compute a producer under `loop`; False where TensorIR finds that its consumer needs more of it."""
    try:
        sch.compute_at(block, loop, preserve_unit_loops=True)
    except ScheduleError:
        return False
    return True


def single_use(sch: Schedule, block: SBlockRV) -> bool:
    """Whether exactly one block reads what this one writes."""
    return len(sch.get_consumers(block)) == 1 and not is_reduction(sch, block)
