"""A model prepared for several sizes → one library for all sizes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import tvm
from tvm import tirx

from neo_compiler.lower import lower
from neo_compiler.native.build import write_params
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.extract import Drafted, draft, settle
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
    models: Iterable[onnx.ModelProto], opened: Open, target: Target, places: tuple[Path, Path], stages: Stages
) -> tuple[Plan, dict[str, str]]:
    """Write compiled.so and compiled.params into a folder, and the kernels to an object file.

    `models` are prepared for the points of `opened`, and needed one at a time: their weights are kept once.
    Returns the plan and the rules that scheduled its kernels. Raises NotGeneral where code for one size is
    not that for another.
    """
    folder, kernels_file = places
    lowered: list[_Lowered] = []
    for model in models:
        with stages("lower"):
            row = _lower(model, opened, target, stages)
        lowered.append(row.sharing(lowered[0]) if lowered else row)
    module = _module([row.kernels for row in lowered], opened.points)
    sized = frozenset(
        name.name_hint for name, function in module.functions.items() if _takes_sizes(function, opened)
    )
    with stages("schedule"):
        scheduled = schedule(module, target)
    with stages("build"):
        drafted = drafts.generalise([row.drafted for row in lowered], opened.points, opened.bounds, sized)
        program = settle(drafted, lowered[0].outputs)
        write_params(folder / "compiled.params", program.params, program.plan.params_bytes)
        most = {name: row.high for name, row in zip(opened.points.parameters, opened.bounds, strict=True)}
        scratch = generate_object(scheduled.module, target, kernels_file, most)
        plan = replace(program.plan, scratch_bytes=scratch)
        link([kernels_file], plan, target, folder / "compiled.so")
    return plan, scheduled.rules


@dataclass(frozen=True)
class _Lowered:
    """What is kept of a model that was lowered for one point."""

    kernels: dict[str, tirx.PrimFunc]
    drafted: Drafted
    outputs: tuple[str, ...]

    def sharing(self, first: _Lowered) -> _Lowered:
        """The same with the arrays of `first` where they are equal: weights are, at all points."""
        known = {(offset, array.shape, array.dtype): array for offset, array in first.drafted.params}
        params = []
        for offset, array in self.drafted.params:
            other = known.get((offset, array.shape, array.dtype))
            same = other is not None and other.tobytes() == array.tobytes()
            params.append((offset, other if same and other is not None else array))
        return replace(self, drafted=replace(self.drafted, params=tuple(params)))


def _lower(model: onnx.ModelProto, opened: Open, target: Target, stages: Stages) -> _Lowered:
    lifted, values = lift(model, opened.kept)
    module = lower(lifted, target, stages, any_rows=True)
    kernels = {
        variable.name_hint: function
        for variable, function in module.functions.items()
        if isinstance(function, tirx.PrimFunc)
    }
    outputs = tuple(value.name for value in model.graph.output)
    return _Lowered(kernels, settled(draft(module), values), outputs)


def _module(named: Sequence[dict[str, tirx.PrimFunc]], points: Points) -> tvm.IRModule:
    if any(row.keys() != named[0].keys() for row in named):
        raise NotGeneral("the model has other kernels at other sizes")
    functions = {}
    for name in named[0]:
        try:
            functions[name] = kernels.generalise([row[name] for row in named], points)
        except NotGeneral as error:
            raise NotGeneral(f"kernel {name}: {error}") from None
    return tvm.IRModule(functions)


def _takes_sizes(function: tirx.PrimFunc, opened: Open) -> bool:
    names = [parameter.name for parameter in function.params[-len(opened.points.names) :]]
    return names == opened.points.parameters
