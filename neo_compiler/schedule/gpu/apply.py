"""Every fused function is scheduled by the first rule for GPUs that matches it."""

from __future__ import annotations

import logging
from collections.abc import Callable

import tvm
from tvm import s_tir, tirx
from tvm.s_tir import Schedule
from tvm.s_tir.dlight import gpu as dlight
from tvm.s_tir.schedule import ScheduleError

from neo_compiler.schedule.gpu import direct, products, rows, tensor_cores
from neo_compiler.target import Target

Rule = Callable[[tirx.PrimFunc, Target], Schedule | None]

_FALLBACK = dlight.Fallback()


def _last_resort(function: tirx.PrimFunc, _target: Target) -> Schedule | None:
    return _FALLBACK.apply(function, tvm.target.Target.current(), False)


RULES: dict[str, Rule] = {
    "tensor cores": tensor_cores.schedule,
    "matmul": products.schedule,
    "reduction": rows.schedule_one,
    "rows": rows.schedule_many,
    "direct": direct.schedule,
    "last resort": _last_resort,
}

# What TVM's rules are told of the GPU: limits that all have. Of a later architecture they would take tensor
# cores for fp16, whose kernels LLVM's backend cannot generate as TVM has them.
_LIMITS = {
    "kind": "cuda",
    "arch": "sm_53",
    "max_threads_per_block": 1024,
    "max_shared_memory_per_block": 48 * 1024,
    "thread_warp_size": 32,
}

log = logging.getLogger(__name__)


def schedule_kernel(function: tirx.PrimFunc, target: Target) -> tuple[tirx.PrimFunc, str]:
    """One function with its loops bound to blocks and threads, and the rule that matched.

    Raises NotImplementedError for a function that no rule matches.
    """
    if function.body.block.name_hint != "root":
        return _from_start(function), "opaque"  # as of a scatter, which TVM has written for threads by itself
    with tvm.target.Target(_LIMITS):
        for name, rule in RULES.items():
            try:
                sch = rule(function, target)
                if sch is not None:
                    _check(sch)
                    return sch.mod["main"], name
            except (ScheduleError, ValueError, tvm.error.InternalError) as error:
                log.info("rule %s: %s", name, str(error).splitlines()[-1:])
    raise NotImplementedError("a function that no schedule for GPUs fits")


def _from_start(function: tirx.PrimFunc) -> tirx.PrimFunc:
    """The function for tensors that begin where their memory does, as all of ours do."""
    plain = {row: tirx.decl_buffer(row.shape, row.dtype, row.name) for row in function.params}
    return function.specialize(plain)


def _check(sch: Schedule) -> None:
    """Raises ValueError for a schedule that TVM makes, but does not lower."""
    passes = [s_tir.transform.CanonicalizeLoop(), s_tir.transform.LowerCrossThreadReduction()]
    tvm.transform.Sequential(passes)(sch.mod)
