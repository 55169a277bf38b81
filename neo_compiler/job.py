"""One compilation, from the model file to the published artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx

from edge_runtime.errors import ArtifactError
from edge_runtime.verify import check_fit
from neo_compiler.assembly import BuiltPart
from neo_compiler.describe import accuracy, target_needs, write_manifest, write_meta, write_selftest
from neo_compiler.division import ARTIFACT, Job, divide
from neo_compiler.errors import TargetError
from neo_compiler.frontend import load
from neo_compiler.graph.prepare import prepare_parts
from neo_compiler.options import CompileOptions
from neo_compiler.output import output_path, workspace
from neo_compiler.package import package
from neo_compiler.report import Report
from neo_compiler.stages import Observer, Stages
from neo_compiler.target import Target, find_target
from neo_compiler.target.neo import with_options
from neo_compiler.tune.outcome import Tuning
from neo_compiler.verify import draw_sample
from neo_compiler.verify.inputs import seeded_inputs

SHAPE_SAMPLES = 2  # runs that must agree on a shape that no rule tells


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
        files = work / ARTIFACT
        with stages("load"):
            model = load(options.model)
        with stages("prepare"):
            prepared = prepare_parts(model, options.input_shapes, lambda proto: _samples(proto, options.seed))
        with stages("reference"):
            sample = draw_sample(model, prepared.model, options.tolerance, options.seed)
        divided = divide(Job(options, target, prepared, sample, work, stages))
        with stages("package"):
            write_selftest(sample, files)
            write_meta(divided.manifest, files)
            found = accuracy(divided.found, sample)
            manifest = write_manifest(replace(divided.manifest, accuracy=found), files)
            package(files, path, work)
    native = [part for part in divided.parts if part.plan is not None]
    calls = [
        (step.kernel, part.rules[step.kernel]) for part in native if part.plan for step in part.plan.steps
    ]
    return Report(path, manifest, stages.times, divided.found.checks, calls, _tuning(native))


def _tuning(native: Sequence[BuiltPart]) -> Tuning | None:
    """That of the part with the most kernel calls."""
    most = max(native, key=lambda part: len(part.plan.steps) if part.plan else 0, default=None)
    return None if most is None else most.tuning


def _samples(prepared: onnx.ModelProto, seed: int) -> list[dict[str, np.ndarray]]:
    return [seeded_inputs(prepared, seed + number) for number in range(SHAPE_SAMPLES)]


def _require_here(target: Target) -> None:
    try:
        check_fit(target_needs(target))
    except ArtifactError as error:
        raise TargetError(f"the code cannot be tuned on this machine: {error}") from error
