"""One compilation, from the model file to the published artifact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.verify import check_fit
from neo_compiler.describe import accuracy, describe, target_needs, write_manifest, write_meta, write_selftest
from neo_compiler.errors import TargetError
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.native.plan import Plan
from neo_compiler.options import CompileOptions
from neo_compiler.output import output_path, workspace
from neo_compiler.package import package
from neo_compiler.report import Report
from neo_compiler.stages import Observer, Stages
from neo_compiler.target import Target, find_target
from neo_compiler.target.neo import with_options
from neo_compiler.tools import translate
from neo_compiler.tune.outcome import Tuning
from neo_compiler.verify import draw_sample
from neo_compiler.verify.execute import Built, execute

if TYPE_CHECKING:
    from tvm import IRModule


def compile_model(options: CompileOptions, observer: Observer | None = None) -> Report:
    """Compile, verify and publish; `observer` hears of every stage.

    Raises NeoError; each subclass has the exit code that `neo` ends with. Until everything is done nothing is
    written but a workspace beside the output, and that is removed.
    """
    target = with_options(find_target(options.target, options.target_file), options.compiler_options)
    if options.tune is not None:
        _require_here(target)
    path = output_path(options.model, options.target, options.output)
    stages = Stages(observer)
    with workspace(path) as work:
        files = work / "artifact"
        files.mkdir()
        with stages("load"):
            model = load(options.model)
        with stages("prepare"):
            prepared = prepare(model, options.input_shapes)
        with stages("reference"):
            sample = draw_sample(model, prepared, options.tolerance, options.seed)
        kernels = work / "kernels.o"
        code = _generate(prepared, target, (files, kernels), stages, options.tune)
        tuned = code.tuning.choices if code.tuning else None
        manifest = write_manifest(describe(options, target, prepared, code.plan, tuned), files)
        built = Built(files, kernels, code.plan, manifest)
        with stages("verify"):
            found = execute(built, target, sample, required=options.require_verified)
        with stages("package"):
            write_selftest(sample, files)
            write_meta(manifest, files)
            manifest = write_manifest(replace(manifest, accuracy=accuracy(found, sample)), files)
            package(files, path, work)
    calls = [(step.kernel, code.rules[step.kernel]) for step in code.plan.steps]
    return Report(path, manifest, stages.times, found.checks, calls, code.tuning)


@dataclass(frozen=True)
class _Code:
    """What was generated: `rules` names the rule that scheduled each kernel."""

    plan: Plan
    rules: dict[str, str]
    tuning: Tuning | None


def _generate(
    prepared: onnx.ModelProto,
    target: Target,
    places: tuple[Path, Path],
    stages: Stages,
    seconds: float | None,
) -> _Code:
    """Write compiled.so and compiled.params into a folder, and the kernels to an object file.

    Kernels are tuned for at most so many seconds; None: not at all. The tools behind are imported here, since
    they take a second.
    """
    outputs = tuple(value.name for value in prepared.graph.output)
    with translate(prepared):
        with stages("lower"):
            from neo_compiler.lower import lower

            module = lower(prepared, target, stages)
        with stages("schedule"):
            from neo_compiler.schedule import schedule

            tuning = None if seconds is None else _tune(module, target, seconds, stages)
            scheduled = schedule(module, target, tuning.choices if tuning else {})
        with stages("build"):
            from neo_compiler.native.build import build

            plan = build(scheduled.module, outputs, target, places[0], stages, places[1])
    return _Code(plan, scheduled.rules, tuning)


def _tune(module: IRModule, target: Target, seconds: float, stages: Stages) -> Tuning:
    from neo_compiler.tune.tune import tune

    with stages("tune"):
        return tune(module, target, seconds, stages)


def _require_here(target: Target) -> None:
    try:
        check_fit(target_needs(target))
    except ArtifactError as error:
        raise TargetError(f"the code cannot be tuned on this machine: {error}") from error
