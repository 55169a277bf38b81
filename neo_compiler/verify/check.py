"""The comparison that every artifact must pass before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx

from neo_compiler.errors import MismatchError
from neo_compiler.verify.difference import absolute, difference
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference

TOLERANCE = 1e-4  # of an output's largest magnitude
CANDIDATES = 4


@dataclass(frozen=True)
class Sample:
    """Inputs of a model, the outputs expected for them, and each output's tolerance, all by name."""

    inputs: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]
    tolerances: Mapping[str, float]


@dataclass(frozen=True)
class OutputCheck:
    """How far one output lies from the reference, and how far it may lie; see `difference` for the unit.

    `absolute` is the largest difference in the output's own unit.
    """

    name: str
    difference: float
    tolerance: float
    absolute: float


def draw_sample(original: onnx.ModelProto, prepared: onnx.ModelProto, tolerance: float, seed: int) -> Sample:
    """Inputs on which the original model answers something, with onnxruntime's answers.

    onnxruntime's optimisations are off, because they change results. How much they change them says how well
    conditioned the model is at these inputs: a detector that sees nothing returns rounding noise. So several
    inputs are tried until that change is far below the tolerance; where it stays above the usual tolerance,
    the tolerance grows with it.
    """
    plain, optimised = Reference(original), Reference(original, optimised=True)
    best: tuple[float, Sample] | None = None
    for candidate in range(CANDIDATES):
        inputs = seeded_inputs(prepared, seed + candidate)
        expected, other = plain.run(inputs), optimised.run(inputs)
        own = {name: difference(value, other[name]) for name, value in expected.items()}
        tolerances = {name: tolerance * max(1.0, change / TOLERANCE) for name, change in own.items()}
        worst = max(own.values())
        if best is None or worst < best[0]:
            best = worst, Sample(inputs, expected, tolerances)
        if worst < TOLERANCE / 4:
            break
    if best is None:
        raise ValueError("no candidate was tried")
    return best[1]


def compare(sample: Sample, actual: Mapping[str, np.ndarray]) -> tuple[OutputCheck, ...]:
    """The distance of each output from what is expected.

    Raises MismatchError where one is beyond its tolerance.
    """
    checks = tuple(
        OutputCheck(
            name, difference(value, actual[name]), sample.tolerances[name], absolute(value, actual[name])
        )
        for name, value in sample.expected.items()
    )
    wrong = [check for check in checks if not check.difference <= check.tolerance]
    if wrong:
        rows = (f"  {row.name}: {row.difference:.3g}, allowed {row.tolerance:.3g}" for row in wrong)
        raise MismatchError(
            f"{len(wrong)} of {len(checks)} outputs differ from onnxruntime by more than the tolerance "
            "(relative to the output's largest magnitude):\n" + "\n".join(rows)
        )
    return checks
