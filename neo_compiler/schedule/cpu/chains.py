"""Long sums as sums of shorter ones, whose rounding errors stay small."""

from __future__ import annotations

import math

import numpy as np
from tvm.s_tir import Schedule
from tvm.s_tir.schedule import SBlockRV

from neo_compiler.schedule.blocks import divisors, extents, split_axes
from neo_compiler.target import Target

# Of products added one after the other. The error of such a sum grows with the square root of their number,
# and an addition of two sums costs as much as two to three products.
_CHAIN = 144  # four blocks of four channels at nine taps
_SHORT_CHAIN, _SHORTEST_CHAIN = 32, 16
_LEAST_SHARE = 4  # chains of fewer than a fourth of this are not worth their additions


def longest_chain(target: Target, *, amplified: bool = False) -> int:
    """How many products may be added to one sum; 0: any number.

    `amplified` tells that what follows in the kernel makes errors larger. Other CPUs than ARM have wider
    vectors, and so fewer kernels that add all products at once.
    """
    if not target.arm:
        return 0
    if not amplified:
        return _CHAIN
    return _SHORTEST_CHAIN if target.exact else _SHORT_CHAIN


def split_chain(sch: Schedule, anchor: SBlockRV, longest: int) -> SBlockRV | None:
    """Let `anchor` add sums of at most `longest` products, if it is a longer sum of floats.

    Returns the block of these sums, which has the anchor's axes behind the number of the sum; None, and
    nothing changed, where the first reduction does not divide well.
    """
    _, reductions = split_axes(sch, anchor, sch.get_loops(anchor))
    count, *rest = extents(sch, reductions)
    each = math.prod(rest)
    if not longest or count * each <= longest or not _is_float(sch, anchor):
        return None
    length = max(divisors(count, max(1, longest // each)))
    if length == count or length * each * _LEAST_SHARE < longest:
        return None
    chain, _ = sch.split(reductions[0], [None, length])
    return sch.rfactor(chain, 0)


def _is_float(sch: Schedule, block: SBlockRV) -> bool:
    dtype = str(sch.get(block).writes[0].source.ty.dtype)
    return np.issubdtype(np.dtype(dtype), np.floating)
