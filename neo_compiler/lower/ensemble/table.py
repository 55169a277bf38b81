"""The attributes of an ai.onnx.ml TreeEnsembleRegressor, by node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neo_compiler.lower.ensemble.node import BadEnsemble, Node, branch
from neo_compiler.lower.values import Array


def numbers(attributes: Mapping[str, Any], name: str) -> Sequence[float] | Array:
    """A list of numbers, which may stand in a tensor."""
    found = attributes.get(f"{name}_as_tensor")
    return attributes.get(name, ()) if found is None else found


class Table:
    """The attributes by node; nodes are numbered in the order in which they are listed."""

    def __init__(self, attributes: Mapping[str, Any], features: int, dtype: np.dtype[Any]) -> None:
        self._attributes, self._features, self._dtype = attributes, features, dtype
        trees = [int(tree) for tree in attributes["nodes_treeids"]]
        places = [int(node) for node in attributes["nodes_nodeids"]]
        self._trees = trees
        self._index = {key: number for number, key in enumerate(zip(trees, places, strict=True))}
        self._values = np.asarray(numbers(attributes, "nodes_values"), dtype)
        self._missing = list(attributes.get("nodes_missing_value_tracks_true", ()))
        lists = ("nodes_modes", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids")
        if len(self._index) != len(trees) or any(len(attributes[name]) != len(trees) for name in lists):
            raise BadEnsemble("the lists of nodes differ in length, or name a node twice")
        self.roots = [trees.index(tree) for tree in dict.fromkeys(trees)]

    def node(self, number: int) -> Node:
        mode = self._attributes["nodes_modes"][number]
        if mode == "LEAF":
            return Node(0, np.nan, 0, None)
        feature = int(self._attributes["nodes_featureids"][number])
        if not 0 <= feature < self._features:
            raise BadEnsemble(f"a tree reads feature {feature} of rows of {self._features}")
        tree, threshold = self._trees[number], self._values[number]
        children = tuple(
            self._child(tree, int(self._attributes[name][number]))
            for name in ("nodes_truenodeids", "nodes_falsenodeids")
        )
        missing = bool(self._missing[number]) if number < len(self._missing) else False
        return branch(mode, feature, threshold, missing, (children[0], children[1]))

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
        weights = np.asarray(numbers(self._attributes, "target_weights"), self._dtype)
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
