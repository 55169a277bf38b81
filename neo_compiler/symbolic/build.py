"""A model prepared for several sizes → one library for all sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import tvm
from tvm import tirx

from neo_compiler.lower import lower
from neo_compiler.lower.values import Array
from neo_compiler.native.build import write_params
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.extract import Drafted, draft, settle
from neo_compiler.native.link import link
from neo_compiler.native.plan import Plan
from neo_compiler.schedule import schedule
from neo_compiler.schedule.cpu.open import takes_sizes
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
    lowered: Sequence[Lowered], opened: Open, target: Target, places: tuple[Path, Path], stages: Stages
) -> tuple[Plan, dict[str, str]]:
    """Write compiled.so and compiled.params into a folder, and the kernels to an object file.

    `lowered` has a row for each of the points of `opened`. Returns the plan and the rules that scheduled its
    kernels. Raises NotGeneral where code for one size is not that for another.
    """
    folder, kernels_file = places
    module = _module([row.kernels for row in lowered], opened.points)
    sized = frozenset(name.name_hint for name, function in module.functions.items() if takes_sizes(function))
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
class Lowered:
    """What is kept of a model that was lowered for one point; its weights may be those of another row."""

    kernels: dict[str, tirx.PrimFunc]
    drafted: Drafted
    outputs: tuple[str, ...]

    def sharing(self, first: Lowered) -> Lowered:
        """The same with the arrays of `first` where they are equal: weights are, at all points."""
        known = {(offset, array.shape, array.dtype): array for offset, array in first.drafted.params}
        pairs = [
            (offset, array, known.get((offset, array.shape, array.dtype), array))
            for offset, array in self.drafted.params
        ]
        params = ((offset, other if _are_same(array, other) else array) for offset, array, other in pairs)
        return replace(self, drafted=replace(self.drafted, params=tuple(params)))


def _are_same(one: Array, other: Array) -> bool:
    """Bit by bit: a NaN is the same as itself, and 0 is not -0."""
    return one is other or one.tobytes() == other.tobytes()


def lower_at(model: onnx.ModelProto, opened: Open, target: Target, stages: Stages) -> Lowered:
    """Lower a model that is prepared for one of the points; nothing of `model` is kept."""
    with stages("lower"):
        lifted, values = lift(model, opened.kept)
        module = lower(lifted, target, stages, any_rows=True)
    kernels = {
        variable.name_hint: function
        for variable, function in module.functions.items()
        if isinstance(function, tirx.PrimFunc)
    }
    outputs = tuple(value.name for value in model.graph.output)
    return Lowered(kernels, settled(draft(module), values), outputs)


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
