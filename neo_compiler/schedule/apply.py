"""Every fused function is scheduled by the first rule that matches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tvm
from tvm import tirx
from tvm.s_tir import Schedule

from neo_compiler.schedule.choice import ByName, Choose, Listing, best
from neo_compiler.schedule.cpu import RULES
from neo_compiler.schedule.cpu.open import RULES as OPEN_RULES
from neo_compiler.schedule.cpu.open import in_lanes, takes_sizes
from neo_compiler.schedule.gpu import schedule_kernel
from neo_compiler.target import Target

# Kernels whose tensor expression holds its loops already, in the order and with the lanes that are meant.
ORDERED = frozenset({"trees"})

Rule = Callable[[Schedule, Target, Choose], bool]


@dataclass(frozen=True)
class Scheduled:
    """The module with scheduled functions, and which rule scheduled each."""

    module: tvm.IRModule
    rules: dict[str, str]


def schedule(module: tvm.IRModule, target: Target, choices: Mapping[str, str] | None = None) -> Scheduled:
    """Schedule every TensorIR function of `module` for `target`.

    `choices` names candidates for some functions; for all others the rule's analytic model decides.
    """
    functions, rules, names = dict(module.functions), {}, choices or {}
    for variable, function in module.functions.items():
        if isinstance(function, tirx.PrimFunc):
            name = variable.name_hint
            if target.gpu:
                functions[variable], rules[name] = schedule_kernel(function, target)
                continue
            choose = ByName(names[name]) if name in names else best
            functions[variable], rules[name] = schedule_function(function, target, choose)
    return Scheduled(tvm.IRModule(functions, attrs=module.attrs), rules)


def schedule_function(
    function: tirx.PrimFunc, target: Target, choose: Choose = best
) -> tuple[tirx.PrimFunc, str]:
    """One scheduled function, and the rule that matched."""
    if function.body.block.name_hint != "root":
        own = function.body.block.name_hint
        return function, own if own in ORDERED else "unscheduled"  # one opaque block, as of a scatter
    with tvm.target.Target(target.llvm()):
        if takes_sizes(function):
            return _schedule_open(function, target)
        return _schedule_closed(function, target, choose)


def _schedule_open(function: tirx.PrimFunc, target: Target) -> tuple[tirx.PrimFunc, str]:
    for name, rule in OPEN_RULES.items():
        if (found := rule(function, target)) is not None:
            return in_lanes(found, target.lanes), name
    scheduled, name = _schedule_closed(function, target, best)
    return in_lanes(scheduled, target.lanes), name


def _schedule_closed(function: tirx.PrimFunc, target: Target, choose: Choose) -> tuple[tirx.PrimFunc, str]:
    for name, rule in RULES.items():
        sch = Schedule(tvm.IRModule({"main": function}), error_render_level="fast")
        if rule(sch, target, choose):
            return sch.mod["main"], name
    return function, "unscheduled"


def candidates(function: tirx.PrimFunc, target: Target) -> tuple[str, ...]:
    """The names of the schedules that the matching rule offers, the best first; none without a choice."""
    listing = Listing()
    schedule_function(function, target, listing)
    return listing.names
