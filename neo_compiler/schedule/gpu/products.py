"""Matrix products, and convolutions as such: tiles in shared memory, smaller ones in registers."""

from __future__ import annotations

import tvm
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight import gpu as dlight

from neo_compiler.schedule.gpu.work import matrix_sizes, reductions_of
from neo_compiler.target import Target

_RULE = dlight.Matmul()

# Rows and columns are filled up to whole tiles of 32 x 64: below these, most of a tile would be nothing.
_FEWEST, _SHALLOWEST = 8, 8


def schedule(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function whose only reduction is a matrix product that fills tiles."""
    sch = Schedule(function)
    reductions = reductions_of(sch)
    if len(reductions) != 1:
        return None
    sizes = matrix_sizes(sch, reductions[0].block)
    if sizes is None or min(sizes[:2]) < _FEWEST or sizes[2] < _SHALLOWEST:
        return None
    return _RULE.apply(function, tvm.target.Target.current(), False)
