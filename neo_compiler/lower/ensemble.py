"""Decision trees as flat arrays: a walk from a root to a leaf is the same few loads on every level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from neo_compiler.lower.values import Array

MISSING, EQUAL = 1, 2  # bits of a node's flags; its feature stands above them
FLAG_BITS = 2


class BadEnsemble(ValueError):
    """The attributes do not describe trees over the input."""


@dataclass(frozen=True)
class Ensemble:
    """Trees over rows of features.

    A node has a number; its second child follows its first. The first child is `first[node]`, and it is taken
    where the feature is at most the threshold, or equal to it where the flag EQUAL is set, or NaN where the
    flag MISSING is set. No number is at most NaN: the threshold of a leaf is NaN, and its second child is the
    leaf itself, so that a walk of `depths[tree]` steps ends at a leaf and stays there.

    `spans[group]` and `spans[group + 1]` bound the trees of a group. There is one group where a leaf may have
    scores for several targets; else each target is a group, and a leaf has one score.
    `scores[leaf_rows[node]]` has the scores of a leaf; `combine` is "SUM", "AVERAGE", "MIN" or "MAX".
    """

    roots: Array
    depths: Array
    spans: Array
    nodes: Array
    thresholds: Array
    first: Array
    leaf_rows: Array
    scores: Array
    base: Array
    combine: str
    flags: int

    @property
    def targets(self) -> int:
        """Scores that each row gets."""
        return int(self.scores.shape[1]) * (len(self.spans) - 1)


@dataclass(frozen=True)
class _Node:
    feature: int
    threshold: Any
    flags: int
    children: tuple[int, int] | None


def read_ensemble(attributes: Mapping[str, Any], features: int, dtype: np.dtype[Any]) -> Ensemble:
    """The trees in the attributes of an ai.onnx.ml TreeEnsembleRegressor, for inputs of `features` columns.

    `dtype` is float32 or float64: onnxruntime compares and adds in the type of the input. Raises BadEnsemble
    where a node is missing, is reached twice, or reads a feature beyond the input.
    """
    table = _Table(attributes, features, dtype)
    flat, targets = _Flat(table, dtype), int(attributes.get("n_targets", 1))
    groups = table.groups(targets)
    for root in (root for group in groups for root in group):
        flat.add(root)
    spans = np.cumsum([0, *map(len, groups)], dtype=np.int32)
    base = np.asarray(_numbers(attributes, "base_values"), dtype)
    if base.size not in (0, targets):
        raise BadEnsemble(f"{base.size} base values for {targets} targets")
    if base.any() and targets > 1 and not table.scores_all(targets):
        raise BadEnsemble("onnxruntime gives no base value where no leaf gives a score")
    scores = table.scores(flat.leaves, targets, single=len(groups) > 1)
    return flat.finish(
        spans,
        scores,
        base if base.size else np.zeros(targets, dtype),
        str(attributes.get("aggregate_function", "SUM")),
    )


def _numbers(attributes: Mapping[str, Any], name: str) -> Sequence[float] | Array:
    """A list of numbers, which may stand in a tensor."""
    found = attributes.get(f"{name}_as_tensor")
    return attributes.get(name, ()) if found is None else found


class _Table:
    """The attributes by node; nodes are numbered in the order in which they are listed."""

    def __init__(self, attributes: Mapping[str, Any], features: int, dtype: np.dtype[Any]) -> None:
        self._attributes, self._features, self._dtype = attributes, features, dtype
        trees = [int(tree) for tree in attributes["nodes_treeids"]]
        places = [int(node) for node in attributes["nodes_nodeids"]]
        self._trees = trees
        self._index = {key: number for number, key in enumerate(zip(trees, places, strict=True))}
        self._values = np.asarray(_numbers(attributes, "nodes_values"), dtype)
        self._missing = list(attributes.get("nodes_missing_value_tracks_true", ()))
        lists = ("nodes_modes", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids")
        if len(self._index) != len(trees) or any(len(attributes[name]) != len(trees) for name in lists):
            raise BadEnsemble("the lists of nodes differ in length, or name a node twice")
        self.roots = [trees.index(tree) for tree in dict.fromkeys(trees)]

    def node(self, number: int) -> _Node:
        mode = self._attributes["nodes_modes"][number]
        if mode == "LEAF":
            return _Node(0, np.nan, 0, None)
        feature = int(self._attributes["nodes_featureids"][number])
        if not 0 <= feature < self._features:
            raise BadEnsemble(f"a tree reads feature {feature} of rows of {self._features}")
        tree, threshold = self._trees[number], self._values[number]
        children = tuple(
            self._child(tree, int(self._attributes[name][number]))
            for name in ("nodes_truenodeids", "nodes_falsenodeids")
        )
        missing = bool(self._missing[number]) if number < len(self._missing) else False
        return _branch(mode, feature, threshold, missing, (children[0], children[1]))

    def scores_all(self, targets: int) -> bool:
        """Whether each target has a tree all of whose leaves give it a score."""
        leaves = Counter(
            tree
            for tree, mode in zip(self._trees, self._attributes["nodes_modes"], strict=True)
            if mode == "LEAF"
        )
        names = ("target_treeids", "target_ids", "target_nodeids")
        given = set(zip(*(map(int, self._attributes[name]) for name in names), strict=True))
        hits = Counter((tree, target) for tree, target, _ in given)
        return len({target for (tree, target), count in hits.items() if count == leaves[tree]}) == targets

    def groups(self, targets: int) -> list[list[int]]:
        """The roots by target, where each tree has scores for one; else all together."""
        scored: dict[int, set[int]] = {}
        names = ("target_treeids", "target_ids")
        for tree, target in zip(*(self._attributes[name] for name in names), strict=True):
            scored.setdefault(int(tree), set()).add(int(target))
        if targets == 1 or any(len(of_tree) > 1 for of_tree in scored.values()):
            return [self.roots]
        found: list[list[int]] = [[] for _ in range(targets)]
        for root in self.roots:
            for target in scored.get(self._trees[root], ()):
                if not 0 <= target < targets:
                    raise BadEnsemble(f"a tree has scores for target {target} of {targets}")
                found[target].append(root)
        return found

    def scores(self, leaves: Mapping[int, int], targets: int, *, single: bool) -> Array:
        """A row of scores for each leaf, of which `leaves` has the rows; `single`: of one score."""
        names = ("target_treeids", "target_nodeids", "target_ids")
        keys = zip(*(self._attributes[name] for name in names), strict=True)
        weights = np.asarray(_numbers(self._attributes, "target_weights"), self._dtype)
        combine = self._attributes.get("aggregate_function", "SUM")
        empty = {"MIN": np.inf, "MAX": -np.inf}.get(combine, 0.0)
        scores = np.full((len(leaves), 1 if single else targets), empty, self._dtype)
        for (tree, place, target), weight in zip(keys, weights, strict=True):
            number = self._index.get((int(tree), int(place)))
            if number is None or not 0 <= int(target) < targets:
                raise BadEnsemble(f"a score is given for target {target} of node {place} in tree {tree}")
            if number in leaves:
                at = leaves[number], 0 if single else int(target)
                scores[at] = _COMBINE[combine](scores[at], weight)
        return scores

    def _child(self, tree: int, place: int) -> int:
        try:
            return self._index[tree, place]
        except KeyError:
            raise BadEnsemble(f"tree {tree} has no node {place}") from None


_COMBINE = {"SUM": np.add, "AVERAGE": np.add, "MIN": np.minimum, "MAX": np.maximum}

# Mode -> whether it asks for equality, for less than the threshold, and for the opposite.
_MODES = {
    "BRANCH_LEQ": (False, False, False),
    "BRANCH_LT": (False, True, False),
    "BRANCH_GT": (False, False, True),
    "BRANCH_GTE": (False, True, True),
    "BRANCH_EQ": (True, False, False),
    "BRANCH_NEQ": (True, False, True),
}


def _branch(mode: str, feature: int, threshold: Any, missing: bool, children: tuple[int, int]) -> _Node:
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
        return _Node(feature, threshold, EQUAL if equal else MISSING * (not missing), children[::-1])
    return _Node(feature, threshold, EQUAL * equal | MISSING * missing, children)


class _Flat:
    """The arrays while they grow, tree after tree, each breadth first."""

    def __init__(self, table: _Table, dtype: np.dtype[Any]) -> None:
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
