"""One compilation, from the model file to the published artifact."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from edge_runtime.package.verify import check_fit
from neo_compiler.dynamic.compile import compile_dynamic
from neo_compiler.dynamic.request import Request, resolve
from neo_compiler.errors import TargetError, UsageError
from neo_compiler.frontend import Reading, load
from neo_compiler.frontend.validity import blaming
from neo_compiler.graph.prepare import Prepared
from neo_compiler.native.toolchain.system import system_compiler
from neo_compiler.native.weights import Sharing
from neo_compiler.options import CompileOptions
from neo_compiler.package.output import output_path, workspace
from neo_compiler.package.variants import gather, preference
from neo_compiler.package.write import package
from neo_compiler.parts.assembly import BuiltPart
from neo_compiler.parts.describe import accuracy, target_needs, write_manifest, write_meta, write_selftest
from neo_compiler.parts.division import divide
from neo_compiler.parts.single import prepare_single
from neo_compiler.parts.task import Job, Task
from neo_compiler.report import PackageReport, Report
from neo_compiler.sizes import fixed_shapes
from neo_compiler.stages import Observer, Stages
from neo_compiler.target import Precision, Target, find_target
from neo_compiler.target.neo import with_options
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


def compile_job(options: CompileOptions, observer: Observer | None = None) -> Report | PackageReport:
    """`compile_model` or `compile_package`, as many targets as there are."""
    return (compile_package if options.further_targets else compile_model)(options, observer)


def compile_model(options: CompileOptions, observer: Observer | None = None) -> Report:
    """Compile for one target, verify and publish; `observer` hears of every stage.

    Raises NeoError; each subclass has the exit code that `neo` ends with. Until everything is done nothing is
    written but a workspace beside the output, and that is removed.
    """
    target = _target(options)
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
    targets = _targets(options)
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
    return Outcome(task.files, write_manifest(found, task.files), divided.found.checks, divided.parts)


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
    return Report(path, made.manifest, seconds, made.checks, calls, _tuning(native), made.sharing)


def _target(options: CompileOptions) -> Target:
    target = with_options(find_target(options.target, options.target_file), options.compiler_options)
    if options.cross_compiler:
        target = replace(target, compiler=options.cross_compiler)
    if target.compiler:
        system_compiler(target)
    if options.precision is not Precision.FP32:
        if not target.gpu:
            raise UsageError(
                f"--precision {options.precision} is for targets with a GPU, and {target.name} has none: "
                "leave it out, CPUs compute in fp32"
            )
        target = replace(target, precision=options.precision)
    if options.tune is not None:
        _require_here(target)
    return target


def _targets(options: CompileOptions) -> list[Target]:
    if options.compiler_options or options.cross_compiler:
        raise UsageError(
            "compiler options and a cross compiler are for one CPU: give one target, or a target file"
        )
    names = (options.target, *options.further_targets)
    targets = [_target(replace(options, target=name)) for name in names]
    for name, count in Counter(target.name for target in targets).items():
        if count > 1:
            raise UsageError(f"target {name} is named {count} times")
        if not re.fullmatch(r"[A-Za-z0-9_][-A-Za-z0-9_.]*", name):
            raise UsageError(
                f"target {name!r}: beside others its name may hold letters, digits, -, _ and . only"
            )
    return sorted(targets, key=preference)


def _tuning(native: Sequence[BuiltPart]) -> Tuning | None:
    """That of the part with the most kernel calls."""
    most = max(native, key=lambda part: len(part.plan.steps) if part.plan else 0, default=None)
    return None if most is None else most.tuning


def _require_here(target: Target) -> None:
    if target.gpu:
        raise TargetError("kernels for GPUs are not tuned yet: leave out --tune")
    try:
        check_fit(target_needs(target))
    except ArtifactError as error:
        raise TargetError(f"the code cannot be tuned on this machine: {error}") from error
