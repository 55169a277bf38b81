"""Ranges of sizes as one compilation, whose code takes them as they come."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Dimension, Part
from edge_runtime.native import NativeModel
from edge_runtime.package.verify import check_fit
from edge_runtime.shapes import bind, shape_of
from neo_compiler.dynamic.merge import Compilation
from neo_compiler.dynamic.request import Request
from neo_compiler.errors import MismatchError, OutputError, TargetError
from neo_compiler.graph.prepare import Prepared
from neo_compiler.native.program import link_program
from neo_compiler.parts.assembly import LIBRARY, PARAMS, BuiltPart, operators
from neo_compiler.parts.blame import first_line
from neo_compiler.parts.describe import describe, target_needs
from neo_compiler.parts.division import Divided
from neo_compiler.parts.single import Single, prepare_single
from neo_compiler.parts.task import Task
from neo_compiler.sizes import Sizes
from neo_compiler.symbolic.build import Lowered, Open, build, lower_at
from neo_compiler.symbolic.constants import grown
from neo_compiler.symbolic.drafts import Bounds
from neo_compiler.symbolic.points import NotGeneral, choose
from neo_compiler.verify import OutputCheck, Sample, compare, draw_sample
from neo_compiler.verify.emulate import INSTALL, find_emulator, run_emulated
from neo_compiler.verify.execute import NATIVELY, Verified

_MOST_ROUNDS = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ranges:
    """What is asked for: `open` dimensions with their ranges, all others with a fixed size."""

    request: Request
    fixed: Mapping[str, int]
    open: Mapping[str, Sizes]

    def at(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """The inputs' shapes where the open dimensions have these sizes."""
        return self.request.at({**self.fixed, **sizes})

    def proofs(self) -> list[dict[str, int]]:
        """The sizes at which the code is compared with the reference: the smallest, the largest, others."""
        lows = {name: row.low for name, row in self.open.items()}
        highs = {name: row.high for name, row in self.open.items()}
        middles = {name: (row.low + row.high) // 2 for name, row in self.open.items()}
        mixed = {name: lows[name] if place % 2 else highs[name] for place, name in enumerate(self.open)}
        return [
            dict(row) for row in dict.fromkeys(tuple(row.items()) for row in (lows, middles, mixed, highs))
        ]


def compile_ranges(task: Task, ranges: Ranges) -> Compilation:
    """Compile once for all sizes of the ranges, into the task's folder, and compare at several of them.

    Raises NotGeneral with the reason where that is not possible.
    """
    points = choose({name: (row.low, row.high) for name, row in ranges.open.items()})
    if points is None:
        raise NotGeneral("there are too few sizes to see what they have in common")
    rows = [dict(zip(points.names, sizes, strict=True)) for sizes in points.sizes]
    kept = _kept(task, ranges, [rows[0], rows[-2], rows[-1]])
    first, last = (prepared_at(task, ranges, sizes, kept) for sizes in (rows[0], rows[-1]))
    between = (prepared_at(task, ranges, sizes, kept).model for sizes in rows[1:-1])  # one at a time
    bounds = tuple(Bounds(row.low, row.high) for row in ranges.open.values())
    part = _build(task, first, itertools.chain(between, [last.model]), Open(points, bounds, kept))
    with task.stages("reference"):
        samples = [sample_at(task, ranges, sizes) for sizes in ranges.proofs()]
    manifest = describe(task.options, task.target, last.model, (part,))
    with task.stages("verify"):
        found = _prove(task, part, samples)
    dimensions = {name: Dimension(size, size) for name, size in ranges.fixed.items()}
    dimensions |= {name: Dimension(row.low, row.high) for name, row in ranges.open.items()}
    divided = Divided(manifest, (part,), found)
    single = Single(task.files, last, samples[0], divided)
    return Compilation(dimensions, single, tuple(samples))


def _build(task: Task, first: Prepared, others: Iterable[onnx.ModelProto], opened: Open) -> BuiltPart:
    if foreign := first.foreign:
        raise NotGeneral(f"no native code exists for a part of it: {next(iter(foreign.values()))}")
    lowered: list[Lowered] = []
    for model in itertools.chain([first.model], others):  # what fails in preparing them is no lack of code
        with _not_general():
            row = lower_at(model, opened, task.target, task.stages)
        lowered.append(row.sharing(lowered[0]) if lowered else row)
    files, kernels = task.files, task.work / "kernels0.o"
    files.mkdir()
    with _not_general():
        plan, rules = build(lowered, opened, task.target, (files, kernels), task.stages)
    nodes, used = len(first.model.graph.node), operators(first.model)
    entry = Part("native", LIBRARY, plan.inputs, plan.outputs, PARAMS, nodes, used)
    return BuiltPart(entry, plan, rules, kernels)


@contextlib.contextmanager
def _not_general() -> Iterator[None]:
    """What fails within means that there is no code for ranges."""
    try:
        yield
    except (NotGeneral, TargetError, OutputError, OSError):
        raise
    except Exception as error:
        log.info("no code for ranges", exc_info=True)
        raise NotGeneral(f"it cannot be compiled: {first_line(error)}") from error


def prepared_at(task: Task, ranges: Ranges, sizes: Mapping[str, int], kept: Collection[str] = ()) -> Prepared:
    """The model, prepared for these sizes of the open dimensions; values named in `kept` are not folded."""
    return prepare_single(task.model, ranges.at(sizes), task.options, task.stages, kept)


def _kept(task: Task, ranges: Ranges, points: Sequence[Mapping[str, int]]) -> frozenset[str]:
    """Constants that other sizes make anew, as a mask of all positions: they are computed in each run.

    What they are computed from may be such constants too, so that several rounds are needed.
    """
    kept: frozenset[str] = frozenset()
    for _ in range(_MOST_ROUNDS):
        rows = [prepared_at(task, ranges, sizes, kept).model for sizes in points]
        found = grown(rows) - kept
        if not found:
            break
        kept |= found
    return kept


def sample_at(task: Task, ranges: Ranges, sizes: Mapping[str, int]) -> Sample:
    """Inputs of these sizes and what the model answers."""
    prepared = prepared_at(task, ranges, sizes)
    return draw_sample(task.model, prepared.model, task.options.tolerance, task.options.seed)


def _prove(task: Task, part: BuiltPart, samples: Sequence[Sample]) -> Verified:
    """Raises NotGeneral where an output is beyond its tolerance: other code may be right."""
    try:
        check_fit(target_needs(task.target))
    except ArtifactError:
        return _emulate(task, part, samples)
    files = task.files
    model = NativeModel(files / LIBRARY, files / PARAMS if part.plan and part.plan.params_bytes else None, 1)
    with contextlib.closing(model):
        if not model.declare(part.entry.inputs, part.entry.outputs):
            raise NotGeneral("the library has other inputs or outputs")
        with contextlib.closing(model.session()) as session:
            checks: list[OutputCheck] = []
            for sample in samples:
                given = [np.ascontiguousarray(sample.inputs[spec.name]) for spec in model.inputs]
                names = [spec.name for spec in model.outputs]
                checks += _compared(sample, dict(zip(names, session.compute(given), strict=True)))
    return Verified(NATIVELY, tuple(checks))


def _emulate(task: Task, part: BuiltPart, samples: Sequence[Sample]) -> Verified:
    emulator = find_emulator(task.target)
    if emulator is None or part.plan is None or part.kernels is None:
        if task.options.require_verified:
            raise TargetError(f"this machine cannot execute code for {task.target.name}: {INSTALL}")
        return Verified("", ())
    program = part.kernels.with_suffix(".run")
    link_program([part.kernels], part.plan, task.target, program)
    checks: list[OutputCheck] = []
    for sample in samples:
        inputs = {spec.name: np.asarray(sample.inputs[spec.name]) for spec in part.entry.inputs}
        sizes = bind(part.entry.inputs, [value.shape for value in inputs.values()])
        outputs = tuple(replace(spec, shape=shape_of(spec, sizes)) for spec in part.entry.outputs)
        params = task.files / PARAMS
        checks += _compared(sample, run_emulated(emulator, program, params, inputs, outputs, shaped=True))
    return Verified(str(emulator), tuple(checks))


def _compared(sample: Sample, actual: Mapping[str, np.ndarray]) -> Sequence[OutputCheck]:
    try:
        return compare(sample, actual)
    except MismatchError as error:
        shapes = ", ".join(str(list(value.shape)) for value in sample.inputs.values())
        raise NotGeneral(f"with inputs of {shapes}: {error}") from error
