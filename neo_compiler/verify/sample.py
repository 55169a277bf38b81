"""Inputs to compare on, what the original model answers, and how exact an answer can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx

from neo_compiler.graph.small_types import widened
from neo_compiler.verify.difference import difference
from neo_compiler.verify.inputs import seeded_inputs
from neo_compiler.verify.reference import Reference

TOLERANCE = 1e-4  # of an output's largest magnitude
CANDIDATES = 4
BUDGET = 1 << 25  # numbers that the candidates hold together, unless one alone holds more
SETS = 3  # of inputs with exact answers are compared on
MANY = 1 << 22  # numbers in the inputs; of so many, one set says as much as several
NOISE = 1e-6  # relative; eight units in the last place of a float32
MARGIN = 5  # rounding in every layer adds up to a few times what noise at the input does
# Two units in the last place; nothing is more exact.
NARROW = {
    "float16": 2**-9,
    "bfloat16": 2**-6,
    **dict.fromkeys(("float8_e4m3fn", "float8_e4m3fnuz"), 2**-2),
    **dict.fromkeys(("float8_e5m2", "float8_e5m2fnuz", "float4_e2m1fn"), 2**-1),
}
_WIDE = 4  # bytes; narrower whole numbers reach their ends without overflow
CEILING = 0.05  # no output is so badly conditioned that more would say anything


@dataclass(frozen=True)
class Sample:
    """Inputs of a model, the outputs expected for them, and each output's tolerance, all by name.

    `reference` says what computed the expected outputs. `further` are samples of other inputs, which have to
    be met as well. `amplified` tells that noise as small as rounding moves floats in the outputs by more
    than the usual tolerance.
    """

    inputs: Mapping[str, np.ndarray]
    expected: Mapping[str, np.ndarray]
    tolerances: Mapping[str, float]
    reference: str = ""
    further: tuple[Sample, ...] = ()
    amplified: bool = False


def draw_sample(original: onnx.ModelProto, prepared: onnx.ModelProto, tolerance: float, seed: int) -> Sample:
    """Inputs on which the original model answers something, with onnxruntime's answers.

    onnxruntime's optimisations are off, because they change results. How much they do, and how much noise at
    the input does, tells how exact an answer can be: a detector that sees nothing returns rounding noise, and
    a softmax over large values multiplies it. Several inputs are tried, and those with the most exact answer
    are taken first; others that are as exact as can be asked for come after them. Where even the first are
    less exact than the usual tolerance, the tolerance grows in proportion. Of huge inputs fewer are tried.
    """
    references = Reference(original), Reference(original, optimised=True)
    drawn: list[tuple[float, Sample]] = []
    most, wanted = CANDIDATES, SETS
    while len(drawn) < most and sum(change <= TOLERANCE for change, _ in drawn) < wanted:
        inputs = seeded_inputs(prepared, seed + len(drawn))
        count = sum(value.size for value in inputs.values())
        most = min(CANDIDATES, max(1, BUDGET // max(1, count)))
        wanted = 1 if count > MANY else SETS
        drawn.append(_candidate(references, inputs, tolerance))
    _, best = min(drawn, key=lambda row: row[0])
    further = (row for change, row in drawn if row is not best and change <= TOLERANCE)
    return replace(best, further=tuple(further))


def _candidate(
    references: tuple[Reference, Reference], inputs: Mapping[str, np.ndarray], tolerance: float
) -> tuple[float, Sample]:
    """How much the answers change by optimisations and by noise, and the sample that these inputs make."""
    plain, optimised = references
    expected = plain.run(inputs)
    others = optimised.run(inputs), plain.run(_noisy(inputs))
    changes = {
        name: MARGIN * max(difference(widened(value), widened(other[name])) for other in others)
        for name, value in expected.items()
    }
    tolerances = {
        name: _allowed(max(tolerance, NARROW.get(expected[name].dtype.name, 0)), change)
        for name, change in changes.items()
    }
    change = np.inf if any(map(_overflown, expected.values())) else max(changes.values())
    floats = (name for name, value in expected.items() if np.issubdtype(value.dtype, np.floating))
    amplified = any(changes[name] > TOLERANCE for name in floats)
    return change, Sample(inputs, expected, tolerances, plain.name, amplified=amplified)


def _overflown(value: np.ndarray) -> bool:
    """Whether whole numbers stand for floats that do not fit them, for which ONNX defines no result."""
    if value.dtype.kind not in "iu" or value.dtype.itemsize < _WIDE:
        return False
    limits = np.iinfo(value.dtype)
    return bool(np.isin(value, [limits.min or limits.max, limits.max]).any())


def _noisy(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The floats a little nearer to zero, which leaves no domain; whole numbers as they are."""
    random = np.random.Generator(np.random.PCG64(0))
    return {
        name: np.asarray(value * (1 - NOISE * random.uniform(0, 1, value.shape)), value.dtype)
        if np.issubdtype(value.dtype, np.floating)
        else value
        for name, value in inputs.items()
    }


def _allowed(tolerance: float, change: float) -> float:
    grown = tolerance * max(1.0, change / TOLERANCE)
    return min(grown, max(CEILING, tolerance))
