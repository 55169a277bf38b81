"""A model made ready for another machine: a folder with the artifact, the ONNX model, and its work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ARTIFACT, MODEL, WORK = "artifact.tar.gz", "model.onnx", "work.json"


@dataclass(frozen=True)
class Work:
    """Of one inference: `flops` counts a multiply-add as two, `bytes` weights, inputs and outputs, once each.

    What passes between kernels may stay in caches, so no computation can take less than this.
    """

    flops: float
    bytes: int


@dataclass(frozen=True)
class Case:
    """A prepared model in `folder`, which is named like the model."""

    folder: Path
    work: Work

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def artifact(self) -> Path:
        return self.folder / ARTIFACT

    @property
    def model(self) -> Path | None:
        """The model that was compiled, after the compiler's own passes; None where it was not taken along."""
        path = self.folder / MODEL
        return path if path.exists() else None


def write_work(folder: Path, work: Work) -> None:
    """Into the folder of a case."""
    (folder / WORK).write_text(json.dumps(asdict(work)) + "\n", encoding="utf-8")


def cases(folder: Path) -> Iterator[Case]:
    """All that lie in a folder, by name."""
    for path in sorted(folder.glob(f"*/{WORK}")):
        yield Case(path.parent, Work(**json.loads(path.read_text(encoding="utf-8"))))
