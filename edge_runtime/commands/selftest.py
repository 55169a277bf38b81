"""An artifact's own examples, run on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_runtime.artifact import Artifact
from edge_runtime.commands.inputs import read_npz
from edge_runtime.errors import ArtifactError
from edge_runtime.model import Model

if TYPE_CHECKING:
    from edge_runtime.arrays import Array

FOLDER = "selftest"
DEFAULT_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Case:
    """One example: keys `input:NAME` and `expected:NAME` of a file in selftest/."""

    name: str
    inputs: dict[str, Array]
    expected: dict[str, Array]


@dataclass(frozen=True)
class CaseResult:
    """`difference` relative to the largest expected magnitude, of the worst output."""

    name: str
    output: str
    difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        return self.difference <= self.tolerance


def cases(artifact: Artifact) -> list[Case]:
    """All examples in the order of their names; there may be none."""
    names = sorted(name for name in artifact.manifest.files if name.startswith(f"{FOLDER}/"))
    return [_read_case(artifact.file(name)) for name in names if name.endswith(".npz")]


def _read_case(path: Path) -> Case:
    arrays = read_npz(path)
    parts: dict[str, dict[str, Array]] = {"input": {}, "expected": {}}
    for key, array in arrays.items():
        kind, _, name = key.partition(":")
        if kind not in parts:
            raise ArtifactError(f"{path}: key {key!r} begins neither with input: nor with expected:")
        parts[kind][name] = array
    return Case(path.stem, parts["input"], parts["expected"])


def selftest(model: Model) -> list[CaseResult]:
    """Runs all examples; raises ArtifactError where there are none."""
    artifact = model.artifact
    accuracy = artifact.manifest.accuracy
    tolerance = accuracy.tolerance if accuracy else DEFAULT_TOLERANCE
    examples = cases(artifact)
    if not examples:
        raise ArtifactError(f"{artifact.folder}: it holds no examples, so it cannot test itself")
    return [_run_case(model, case, tolerance) for case in examples]


def _run_case(model: Model, case: Case, tolerance: float) -> CaseResult:
    found = model.run(case.inputs)
    if case.expected.keys() != found.keys():
        raise ArtifactError(f"{FOLDER}/{case.name}.npz expects other outputs: {', '.join(case.expected)}")
    worst = max(case.expected, key=lambda name: difference(found[name], case.expected[name]))
    return CaseResult(case.name, worst, difference(found[worst], case.expected[worst]), tolerance)


def difference(found: Array, expected: Array) -> float:
    """The largest difference, relative to the largest expected magnitude (absolute where that is 0).

    Equal infinities and NaNs at equal places do not differ; unequal ones differ infinitely.
    """
    if found.shape != expected.shape:
        return float("inf")
    a, b = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    largest = float(np.abs(b[finite]).max())
    return float(np.abs(a[finite] - b[finite]).max()) / (largest or 1.0)
