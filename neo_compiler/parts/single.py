"""One compilation of a model for fixed shapes: prepared, compared with the reference, in parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from neo_compiler.graph.dump import dump
from neo_compiler.graph.prepare import Prepared, prepare_parts
from neo_compiler.options import CompileOptions
from neo_compiler.parts.division import Divided, divide
from neo_compiler.parts.task import Job, Task
from neo_compiler.sizes import fixed_shapes
from neo_compiler.stages import Stages
from neo_compiler.verify import Sample, draw_sample
from neo_compiler.verify.inputs import seeded_inputs

SHAPE_SAMPLES = 2  # runs that must agree on a shape that no rule tells

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Single:
    """A model compiled for one set of shapes; its files lie in `files`."""

    files: Path
    prepared: Prepared
    sample: Sample
    divided: Divided


def compile_single(task: Task, shapes: Shapes) -> Single:
    """Prepare, compile and compare the model for these shapes of its inputs. Raises NeoError."""
    options = task.options
    prepared = prepare_single(task.model, shapes, options, task.stages)
    with task.stages("reference"):
        sample = draw_sample(task.model, prepared.model, options.tolerance, options.seed)
    return Single(task.files, prepared, sample, divide(Job(task, prepared, sample)))


def prepare_single(
    model: onnx.ModelProto,
    shapes: Shapes,
    options: CompileOptions,
    stages: Stages,
    kept: Collection[str] = (),
) -> Prepared:
    """The model, prepared for these shapes of its inputs; values named in `kept` are not folded.

    Where the options ask for it, each step is dumped, into a folder for these shapes if others are open.
    """
    with stages("prepare"):
        seen = dump(_dump_folder(options, shapes))
        return prepare_parts(model, shapes, lambda proto: _samples(proto, options.seed), kept, seen)


def _dump_folder(options: CompileOptions, shapes: Shapes) -> Path | None:
    fixed = options.input_shapes.keys() == fixed_shapes(options.input_shapes).keys()
    if options.dump is None or (fixed and not options.dimensions):
        return options.dump
    return options.dump / ",".join("x".join(map(str, shape)) or "scalar" for shape in shapes.values())


def _samples(prepared: onnx.ModelProto, seed: int) -> list[dict[str, np.ndarray]]:
    return [seeded_inputs(prepared, seed + number) for number in range(SHAPE_SAMPLES)]
