"""Trees, laid out one after the other in the arrays of an ensemble."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from neo_compiler.lower.ensemble.arrays import Ensemble
from neo_compiler.lower.ensemble.node import FLAG_BITS, BadEnsemble
from neo_compiler.lower.ensemble.table import Table
from neo_compiler.lower.values import Array


class Layout:
    """The arrays while they grow, tree after tree, each breadth first."""

    def __init__(self, table: Table, dtype: np.dtype[Any]) -> None:
        self._table, self._dtype = table, dtype
        self._roots: list[int] = []
        self._depths: list[int] = []
        self._features: list[int] = []
        self._flags: list[int] = []
        self._thresholds: list[Any] = []
        self._first: list[int] = []
        self._rows: list[int] = []
        self.leaves: dict[int, int] = {}

    def add(self, root: int) -> None:
        """Lay out one tree. Raises BadEnsemble where it is none."""
        start, level, depth = len(self._first), [root], 0
        seen = {root}
        self._roots.append(start)
        while True:
            below: list[int] = []
            end = len(self._first) + len(level)
            for number in level:
                below += self._put(number, end + len(below))
            if not below:
                break
            if len(seen) + len(below) != len(seen := seen | set(below)):
                raise BadEnsemble("a node is the child of two others")
            level, depth = below, depth + 1
        self._depths.append(depth)

    def _put(self, number: int, first: int) -> tuple[int, ...]:
        node = self._table.node(number)
        own = len(self._first)
        self._features.append(node.feature)
        self._flags.append(node.flags)
        self._thresholds.append(node.threshold)
        self._first.append(own - 1 if node.children is None else first)
        self._rows.append(0 if node.children else self.leaves.setdefault(number, len(self.leaves)))
        return node.children or ()

    def finish(self, spans: Array, scores: Array, base: Array, combine: str) -> Ensemble:
        """The ensemble."""
        flags = int(np.bitwise_or.reduce(np.array(self._flags, np.int32), initial=0))
        features = np.array(self._features, np.int32)
        nodes = features << FLAG_BITS | np.array(self._flags, np.int32) if flags else features
        integers = (self._roots, self._depths, nodes, self._first, self._rows)
        roots, depths, nodes, first, rows = (np.array(values, np.int32) for values in integers)
        if len(spans) > 2:  # many trees of a target, as boosting makes them: equally deep ones side by side
            order = np.concatenate(
                [start + np.argsort(depths[start:end], kind="stable") for start, end in pairwise(spans)]
            )
            roots, depths = roots[order], depths[order]
        thresholds = np.array(self._thresholds, self._dtype)
        return Ensemble(roots, depths, spans, nodes, thresholds, first, rows, scores, base, combine, flags)
