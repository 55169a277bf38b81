"""Few values of many terms, which the threads of a block share: means, softmax, layer norm."""

from __future__ import annotations

import tvm
from tvm import tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight import gpu as dlight

from neo_compiler.schedule.gpu.work import reductions_of
from neo_compiler.target import Target

_ONE, _MANY = dlight.Reduction(), dlight.GeneralReduction()

_FEWEST_TERMS = 32  # fewer are added up by one thread in less time than threads need to meet
_MOST_OUTPUTS = 1 << 16  # as many threads keep every GPU busy


def schedule_one(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function with a single reduction."""
    reductions = reductions_of(Schedule(function))
    if len(reductions) != 1 or not _shared(reductions[0].outputs, reductions[0].terms):
        return None
    return _ONE.apply(function, tvm.target.Target.current(), False)


def schedule_many(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    """Schedule a function with several reductions of the same rows."""
    reductions = reductions_of(Schedule(function))
    same = len({(reduction.outputs, reduction.terms) for reduction in reductions}) == 1
    if not same or not _shared(reductions[0].outputs, reductions[0].terms):
        return None
    return _MANY.apply(function, tvm.target.Target.current(), False)


def _shared(outputs: int, terms: int) -> bool:
    return terms >= _FEWEST_TERMS and outputs <= _MOST_OUTPUTS
