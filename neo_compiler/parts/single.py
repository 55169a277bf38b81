"""One compilation of a model for fixed shapes: prepared, compared with the reference, in parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from neo_compiler.graph.prepare import Prepared, prepare_parts
from neo_compiler.parts.division import Divided, divide
from neo_compiler.parts.task import Job, Task
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
    prepared = prepare_single(task.model, shapes, options.seed, task.stages)
    with task.stages("reference"):
        sample = draw_sample(task.model, prepared.model, options.tolerance, options.seed)
    return Single(task.files, prepared, sample, divide(Job(task, prepared, sample)))


def prepare_single(
    model: onnx.ModelProto, shapes: Shapes, seed: int, stages: Stages, kept: Collection[str] = ()
) -> Prepared:
    """The model, prepared for these shapes of its inputs; values named in `kept` are not folded."""
    with stages("prepare"):
        return prepare_parts(model, shapes, lambda proto: _samples(proto, seed), kept)


def _samples(prepared: onnx.ModelProto, seed: int) -> list[dict[str, np.ndarray]]:
    return [seeded_inputs(prepared, seed + number) for number in range(SHAPE_SAMPLES)]
