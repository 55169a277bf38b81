"""A model prepared for several sizes → one library for all sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import tvm
from tvm import tirx

from neo_compiler.lower import lower
from neo_compiler.native.build import write_params
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.extract import draft, settle
from neo_compiler.native.link import link
from neo_compiler.native.plan import Plan
from neo_compiler.schedule import schedule
from neo_compiler.stages import Stages
from neo_compiler.symbolic import drafts, kernels
from neo_compiler.symbolic.drafts import Bounds
from neo_compiler.symbolic.lift import lift, settled
from neo_compiler.symbolic.points import NotGeneral, Points
from neo_compiler.target import Target


@dataclass(frozen=True)
class Open:
    """The open dimensions: the points where the model was prepared, and their bounds.

    `kept` names what was not folded there, since each run has to compute it.
    """

    points: Points
    bounds: tuple[Bounds, ...]
    kept: frozenset[str] = frozenset()


def build(
    models: Sequence[onnx.ModelProto], opened: Open, target: Target, places: tuple[Path, Path], stages: Stages
) -> tuple[Plan, dict[str, str]]:
    """Write compiled.so and compiled.params into a folder, and the kernels to an object file.

    `models` are prepared for the points of `opened`. Returns the plan and the rules that scheduled its
    kernels. Raises NotGeneral where code for one size is not that for another.
    """
    folder, kernels_file = places
    lifted = [lift(model, opened.kept) for model in models]
    with stages("lower"):
        modules = [lower(model, target, stages, any_rows=True) for model, _ in lifted]
        module = _module(modules, opened.points)
    sized = frozenset(
        name.name_hint for name, function in module.functions.items() if _takes_sizes(function, opened)
    )
    with stages("schedule"):
        scheduled = schedule(module, target)
    with stages("build"):
        drafted_rows = [settled(draft(row), values) for row, (_, values) in zip(modules, lifted, strict=True)]
        drafted = drafts.generalise(drafted_rows, opened.points, opened.bounds, sized)
        program = settle(drafted, tuple(value.name for value in models[0].graph.output))
        write_params(folder / "compiled.params", program.params, program.plan.params_bytes)
        most = {name: row.high for name, row in zip(opened.points.parameters, opened.bounds, strict=True)}
        scratch = generate_object(scheduled.module, target, kernels_file, most)
        plan = replace(program.plan, scratch_bytes=scratch)
        link([kernels_file], plan, target, folder / "compiled.so")
    return plan, scheduled.rules


def _module(modules: Sequence[tvm.IRModule], points: Points) -> tvm.IRModule:
    named = [
        {variable.name_hint: function for variable, function in module.functions.items()}
        for module in modules
    ]
    if any(row.keys() != named[0].keys() for row in named):
        raise NotGeneral("the model has other kernels at other sizes")
    functions = {}
    for name, first in named[0].items():
        if not isinstance(first, tirx.PrimFunc):
            continue
        try:
            functions[name] = kernels.generalise([row[name] for row in named], points)
        except NotGeneral as error:
            raise NotGeneral(f"kernel {name}: {error}") from None
    return tvm.IRModule(functions)


def _takes_sizes(function: tirx.PrimFunc, opened: Open) -> bool:
    names = [parameter.name for parameter in function.params[-len(opened.points.names) :]]
    return names == opened.points.parameters
