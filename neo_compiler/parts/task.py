"""What is compiled, and what its results have to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx

from neo_compiler.graph.prepare import Prepared
from neo_compiler.options import CompileOptions
from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.verify import Sample


@dataclass(frozen=True)
class Task:
    """A model for a target; all that is written while it is compiled lies in `work`."""

    options: CompileOptions
    target: Target
    model: onnx.ModelProto
    work: Path
    stages: Stages

    @property
    def files(self) -> Path:
        """The folder that becomes the artifact."""
        return self.work / "artifact"


@dataclass(frozen=True)
class Job:
    """A task for fixed shapes: the model is prepared for them, and `sample` tells what it computes."""

    task: Task
    prepared: Prepared
    sample: Sample
