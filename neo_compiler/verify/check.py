"""The comparison that every artifact must pass before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neo_compiler.errors import MismatchError
from neo_compiler.graph.small_types import restored, widened
from neo_compiler.verify.difference import absolute, relative
from neo_compiler.verify.sample import Sample


@dataclass(frozen=True)
class OutputCheck:
    """How far one output lies from the reference, and how far it may lie; see `difference` for the unit.

    `absolute` is the largest difference in the output's own unit.
    """

    name: str
    difference: float
    tolerance: float
    absolute: float


def compare(sample: Sample, actual: Mapping[str, np.ndarray]) -> tuple[OutputCheck, ...]:
    """The distance of each output from what is expected.

    Raises MismatchError where one is beyond its tolerance.
    """
    checks = tuple(_check(sample, name, actual[name]) for name in sample.expected)
    wrong = [check for check in checks if not check.difference <= check.tolerance]
    if wrong:
        rows = (f"  {row.name}: {row.difference:.3g}, allowed {row.tolerance:.3g}" for row in wrong)
        raise MismatchError(
            f"{len(wrong)} of {len(checks)} outputs differ from {sample.reference or 'the reference'} by "
            "more than the tolerance (relative to the output's largest magnitude):\n" + "\n".join(rows)
        )
    return checks


def _check(sample: Sample, name: str, actual: np.ndarray) -> OutputCheck:
    value = sample.expected[name]
    wide = widened(value)
    distance = absolute(wide, widened(restored(actual, value)))
    return OutputCheck(name, relative(distance, wide), sample.tolerances[name], distance)
