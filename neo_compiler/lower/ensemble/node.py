"""A node of a tree, of whatever mode, as one that asks for "at most" or for "equal"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MISSING, EQUAL = 1, 2  # bits of a node's flags; its feature stands above them
FLAG_BITS = 2


class BadEnsemble(ValueError):
    """The attributes do not describe trees over the input."""


@dataclass(frozen=True)
class Node:
    feature: int
    threshold: Any
    flags: int
    children: tuple[int, int] | None


# Mode -> whether it asks for equality, for less than the threshold, and for the opposite.
_MODES = {
    "BRANCH_LEQ": (False, False, False),
    "BRANCH_LT": (False, True, False),
    "BRANCH_GT": (False, False, True),
    "BRANCH_GTE": (False, True, True),
    "BRANCH_EQ": (True, False, False),
    "BRANCH_NEQ": (True, False, True),
}


def branch(mode: str, feature: int, threshold: Any, missing: bool, children: tuple[int, int]) -> Node:
    """A node of any mode as one that asks for "at most" or for "equal"; its children are (true, false)."""
    if mode not in _MODES:
        raise BadEnsemble(f"a node of mode {mode}")
    equal, below, opposite = _MODES[mode]
    if np.isnan(threshold) and not equal:
        opposite = False  # no number is greater than NaN either
    if below:  # less than a number is at most the one before it; nothing is less than minus infinity
        lowest = threshold.dtype.type(-np.inf)
        threshold = threshold.dtype.type(np.nan) if threshold == lowest else np.nextafter(threshold, lowest)
    if opposite:  # NaN fails every comparison but "unequal", so it has to be sent where it went
        return Node(feature, threshold, EQUAL if equal else MISSING * (not missing), children[::-1])
    return Node(feature, threshold, EQUAL * equal | MISSING * missing, children)
