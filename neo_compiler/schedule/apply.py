"""Every fused function is scheduled by the first rule that matches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tvm
from tvm import tirx
from tvm.s_tir import Schedule

from neo_compiler.schedule.cpu import RULES
from neo_compiler.target import Target

Rule = Callable[[Schedule, Target], bool]


@dataclass(frozen=True)
class Scheduled:
    """The module with scheduled functions, and which rule scheduled each."""

    module: tvm.IRModule
    rules: dict[str, str]


def schedule(module: tvm.IRModule, target: Target) -> Scheduled:
    """Schedule every TensorIR function of `module` for `target`."""
    functions, rules = dict(module.functions), {}
    with tvm.target.Target(target.llvm()):
        for variable, function in module.functions.items():
            if isinstance(function, tirx.PrimFunc):
                name = variable.name_hint
                functions[variable], rules[name] = _first_match(function, target)
    return Scheduled(tvm.IRModule(functions, attrs=module.attrs), rules)


def _first_match(function: tirx.PrimFunc, target: Target) -> tuple[tirx.PrimFunc, str]:
    if function.body.block.name_hint != "root":
        return function, "unscheduled"  # one opaque block, as of a scatter, whose loops TVM has ordered
    for name, rule in RULES.items():
        sch = Schedule(tvm.IRModule({"main": function}), error_render_level="fast")
        if rule(sch, target):
            return sch.mod["main"], name
    return function, "unscheduled"
