"""Few values of many terms, which the threads of a block share: means, softmax, layer norm."""

from __future__ import annotations

import tvm
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight import gpu as dlight

from neo_compiler.schedule.gpu.work import Reduction, divides, reductions_of
from neo_compiler.target import Target

_ONE, _MANY = dlight.Reduction(), dlight.GeneralReduction()

_FEWEST_TERMS = 32  # fewer are added up by one thread in less time than threads need to meet
_MOST_OUTPUTS = 1 << 16  # as many threads keep every GPU busy


def schedule_one(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function with a single reduction."""
    reductions = _shared(function)
    return _ONE.apply(function, tvm.target.Target.current(), False) if len(reductions) == 1 else None


def schedule_many(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function with several reductions of the same rows."""
    return _MANY.apply(function, tvm.target.Target.current(), False) if _shared(function) else None


def _shared(function: tirx.PrimFunc) -> list[Reduction]:
    """The function's reductions, if they have the same rows, and threads are worth sharing them.

    Where one divides its indices, as a grouped convolution does, TVM's rule gives threads the sums of others.
    """
    sch = Schedule(function)
    reductions = reductions_of(sch)
    if len({(reduction.outputs, reduction.terms) for reduction in reductions}) != 1:
        return []
    first = reductions[0]
    if first.terms < _FEWEST_TERMS or first.outputs > _MOST_OUTPUTS:
        return []
    return [] if any(divides(sch, reduction.block) for reduction in reductions) else reductions
