"""One compilation, from the model file to the published artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from edge_runtime.manifest import Manifest
from neo_compiler.dynamic.compile import compile_dynamic
from neo_compiler.dynamic.request import Request, resolve
from neo_compiler.errors import UsageError
from neo_compiler.frontend import Reading, load
from neo_compiler.frontend.validity import blaming
from neo_compiler.graph.prepare import Prepared
from neo_compiler.native.weights import Sharing
from neo_compiler.options import CompileOptions
from neo_compiler.package.output import output_path, workspace
from neo_compiler.package.variants import gather
from neo_compiler.package.write import package
from neo_compiler.package_report import PackageReport
from neo_compiler.parts.assembly import BuiltPart
from neo_compiler.parts.describe import accuracy, write_manifest, write_meta, write_selftest
from neo_compiler.parts.division import divide
from neo_compiler.parts.single import prepare_single
from neo_compiler.parts.task import Job, Task
from neo_compiler.report import Report
from neo_compiler.requested import requested_target, requested_targets
from neo_compiler.sizes import fixed_shapes
from neo_compiler.stages import Observer, Stages
from neo_compiler.tune.outcome import Tuning
from neo_compiler.verify import OutputCheck, Sample, draw_sample


@dataclass(frozen=True)
class Source:
    """What all targets share: the model, the sizes asked for, and what was prepared where these are fixed."""

    model: onnx.ModelProto
    request: Request
    fixed: tuple[Prepared, Sample] | None


@dataclass(frozen=True)
class Outcome:
    """What was built for a target: a whole artifact in the folder `files`."""

    files: Path
    manifest: Manifest
    checks: tuple[OutputCheck, ...]
    parts: tuple[BuiltPart, ...]
    sharing: Sharing | None = None
    exact: bool = False


def compile_job(options: CompileOptions, observer: Observer | None = None) -> Report | PackageReport:
    """`compile_model` or `compile_package`, as many targets as there are."""
    return (compile_package if options.further_targets else compile_model)(options, observer)


def compile_model(options: CompileOptions, observer: Observer | None = None) -> Report:
    """Compile for one target, verify and publish; `observer` hears of every stage.

    Raises NeoError; each subclass has the exit code that `neo` ends with. Until everything is done nothing is
    written but a workspace beside the output, and that is removed.
    """
    target = requested_target(options)
    path = output_path(options.model, options.target, options.output)
    stages = Stages(observer)
    with workspace(path) as work:
        source = _read(options, stages)
        made = _build(Task(options, target, source.model, work, stages), source)
        with stages("package"):
            package(made.files, path, work)
    return _report(path, made, stages)


def compile_package(options: CompileOptions, observer: Observer | None = None) -> PackageReport:
    """Compile for several targets into one artifact; as `compile_model` otherwise.

    What comes before code generation is done once. Raises UsageError where a target is named twice, or
    compiler options are given, which are for one CPU.
    """
    targets = requested_targets(options)
    path = output_path(options.model, "+".join((options.target, *options.further_targets)), options.output)
    stages = Stages(observer)
    with workspace(path) as work:
        source = _read(options, stages)
        built = []
        for target in targets:
            folder = work / "targets" / target.name
            folder.mkdir(parents=True)
            with stages(target.name):
                built.append(_build(Task(options, target, source.model, folder, stages), source))
        with stages("package"):
            files = work / "artifact"
            files.mkdir()
            whole = gather([(made.manifest, made.files) for made in built], files)
            package(files, path, work)
    reports = [_report(path, made, stages, (made.manifest.target.name,)) for made in built]
    return PackageReport(path, whole, stages.times, tuple(reports))


def _read(options: CompileOptions, stages: Stages) -> Source:
    with stages("load"):
        model = load(options.model, Reading(options.trust, fixed_shapes(options.input_shapes)))
    with blaming(model):
        request = resolve(model, options.input_shapes, options.dimensions)
        if request.dimensions:
            return Source(model, request, None)
        prepared = prepare_single(model, request.at({}), options, stages)
    with stages("reference"), blaming(model):
        sample = draw_sample(model, prepared.model, options.tolerance, options.seed)
    return Source(model, request, (prepared, sample))


def _build(task: Task, source: Source) -> Outcome:
    """Compile, compare, and write what an artifact holds beside its code."""
    if source.fixed is None:
        if task.target.gpu:
            raise UsageError(
                f"target {task.target.name}: a GPU's code is for fixed shapes: give one size each"
            )
        made = compile_dynamic(task, source.request)
        parts = max((row.single.divided.parts for row in made.made), key=len)
        return Outcome(task.files, made.manifest, made.checks, parts, made.sharing)
    prepared, sample = source.fixed
    task = replace(task, target=task.target.for_model(amplified=sample.amplified))
    divided = divide(Job(task, prepared, sample))
    write_selftest(sample, task.files)
    write_meta(divided.manifest, task.files)
    found = replace(divided.manifest, accuracy=accuracy(divided.found, sample))
    whole, checks = write_manifest(found, task.files), divided.found.checks
    return Outcome(task.files, whole, checks, divided.parts, exact=task.target.exact)


def _report(path: Path, made: Outcome, stages: Stages, place: tuple[str, ...] = ()) -> Report:
    """`place` is the path of the stage that the target's own stages are parts of."""
    native = [part for part in made.parts if part.plan is not None]
    calls = [
        (step.kernel, part.rules[step.operator or step.kernel])
        for part in native
        if part.plan
        for step in part.plan.steps
    ]
    depth = len(place)
    seconds = {
        path[depth:]: time for path, time in stages.times.items() if path[:depth] == place and path != place
    }
    return Report(path, made.manifest, seconds, made.checks, calls, _tuning(native), made.sharing, made.exact)


def _tuning(native: Sequence[BuiltPart]) -> Tuning | None:
    """That of the part with the most kernel calls."""
    most = max(native, key=lambda part: len(part.plan.steps) if part.plan else 0, default=None)
    return None if most is None else most.tuning
