"""Several compilations of one model, each for other sizes → the files of one artifact."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime.manifest import Bucket, Dimension, Part
from neo_compiler.native.link import link
from neo_compiler.native.weights import SharedWeights
from neo_compiler.parts.assembly import PARAMS, BuiltPart
from neo_compiler.parts.single import Single
from neo_compiler.target import Target
from neo_compiler.verify import Sample


@dataclass(frozen=True)
class Compilation:
    """A model compiled for these dimensions: single sizes, or ranges that its code takes as they come.

    It was compared on `samples`.
    """

    dimensions: Mapping[str, Dimension]
    single: Single
    samples: tuple[Sample, ...]


class Merger:
    """Moves compilations into the folder `files`, one after the other."""

    def __init__(self, files: Path, target: Target) -> None:
        self._files, self._target = files, target
        files.mkdir()
        self.weights = SharedWeights(files / PARAMS)
        self._count = 0

    def add(self, made: Compilation) -> Bucket:
        """The entry of a compilation, whose files are now part of the artifact."""
        place = f"buckets/{self._count}"
        self._count += 1
        divided = made.single.divided
        parts = tuple(self._part(part, place, made.single.files) for part in divided.parts)
        manifest = divided.manifest
        return Bucket(
            dimensions=dict(made.dimensions),
            inputs=manifest.inputs,
            outputs=manifest.outputs,
            memory=replace(manifest.memory, params_bytes=self.weights.sharing.stored),
            parts=parts,
        )

    def _part(self, part: BuiltPart, place: str, source: Path) -> Part:
        entry = part.entry
        path = f"{place}/{entry.path}"
        (self._files / path).parent.mkdir(parents=True, exist_ok=True)
        if part.plan is None or part.kernels is None or entry.params is None:
            shutil.copyfile(source / entry.path, self._files / path)
            return replace(entry, path=path)
        plan = self.weights.take(part.plan, source / entry.params)
        link([part.kernels], plan, self._target, self._files / path)
        return replace(entry, path=path, params=PARAMS if plan.params_bytes else None)
