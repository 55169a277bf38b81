"""One compilation, from the model file to the published artifact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from edge_runtime.verify import check_fit
from neo_compiler.describe import accuracy, describe, write_manifest, write_meta, write_selftest
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
from neo_compiler.verify import OutputCheck, Sample, compare, draw_sample


def compile_model(options: CompileOptions, observer: Observer | None = None) -> Report:
    """Compile, verify and publish; `observer` hears of every stage.

    Raises NeoError; each subclass has the exit code that `neo` ends with. Until everything is done nothing is
    written but a workspace beside the output, and that is removed.
    """
    target = with_options(find_target(options.target, options.target_file), options.compiler_options)
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
        plan, rules = _generate(prepared, target, files, stages)
        manifest = describe(options, target, prepared, plan)
        with stages("verify"):
            checks = _verify(manifest, files, sample)
        with stages("package"):
            write_selftest(sample, files)
            write_meta(manifest, files)
            manifest = write_manifest(replace(manifest, accuracy=accuracy(checks)), files)
            package(files, path, work)
    return Report(
        path, manifest, stages.times, checks, [(step.kernel, rules[step.kernel]) for step in plan.steps]
    )


def _generate(
    prepared: onnx.ModelProto, target: Target, files: Path, stages: Stages
) -> tuple[Plan, dict[str, str]]:
    """Write compiled.so and compiled.params; returns also the rule that scheduled each kernel.

    The tools behind are imported here, since they take a second.
    """
    outputs = tuple(value.name for value in prepared.graph.output)
    with translate(prepared):
        with stages("lower"):
            from neo_compiler.lower import lower

            module = lower(prepared, target, stages)
        with stages("schedule"):
            from neo_compiler.schedule import schedule

            scheduled = schedule(module, target)
        with stages("build"):
            from neo_compiler.native.build import build

            plan = build(scheduled.module, outputs, target, files, stages)
    return plan, scheduled.rules


def _verify(manifest: Manifest, files: Path, sample: Sample) -> tuple[OutputCheck, ...]:
    """Run the compiled files as a device would, and compare."""
    import edge_runtime

    try:
        check_fit(manifest.target)
    except ArtifactError as error:
        raise TargetError(f"the compiled code cannot be verified on this machine: {error}") from error
    write_manifest(manifest, files)
    with edge_runtime.load(files, threads=1) as model:
        return compare(sample, model.run(dict(sample.inputs)))
