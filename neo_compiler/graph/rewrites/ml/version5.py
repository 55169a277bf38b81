"""TreeEnsemble, version 5 of ai.onnx.ml, in the terms of TreeEnsembleRegressor."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.node import integer, integers, tensor

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
MEMBER = len(MODES)
COMBINE = ("AVERAGE", "SUM", "MIN", "MAX")
MOST_NODES = 1 << 20


class _TooLarge(Exception):
    pass


def as_regressor(node: ir.Node) -> dict[str, Any] | None:
    """The attributes of the equal TreeEnsembleRegressor; None where there is none of sensible size.

    Set membership becomes a chain of comparisons, each with a copy of what follows.
    """
    modes, splits, weights = (tensor(node, name) for name in ("nodes_modes", "nodes_splits", "leaf_weights"))
    if modes is None or splits is None or weights is None or modes.max(initial=0) > MEMBER:
        return None
    table = _Table(node, modes, splits, weights)
    try:
        for tree, root in enumerate(integers(node, "tree_roots")):
            table.add_tree(tree, root)
    except (_TooLarge, IndexError):
        return None
    return table.attributes(integer(node, "n_targets", 1), COMBINE[integer(node, "aggregate_function", 1)])


class _Table:
    def __init__(self, node: ir.Node, modes: np.ndarray, splits: np.ndarray, weights: np.ndarray) -> None:
        self._modes, self._splits, self._weights = modes, splits, weights
        self._targets = integers(node, "leaf_targetids")
        self._features = integers(node, "nodes_featureids")
        self._missing = integers(node, "nodes_missing_value_tracks_true") or [0] * len(modes)
        self._sides = {
            side: (integers(node, f"nodes_{side}nodeids"), integers(node, f"nodes_{side}leafs"))
            for side in ("true", "false")
        }
        self._sets = _sets(modes, tensor(node, "membership_values"))
        self._rows: list[tuple[int, int, int, Any, str, int, int, int]] = []
        self._scores: list[tuple[int, int, int, Any]] = []
        self._place = 0

    def add_tree(self, tree: int, root: int) -> None:
        """Number the nodes of a tree anew from 0, the root."""
        self._place = 0
        waiting: list[tuple[int, int, list[Any] | None, bool]] = [(self._next(), root, None, False)]
        while waiting:
            own, number, members, leaf = waiting.pop()
            if leaf:
                self._rows.append((tree, own, 0, self._splits.dtype.type(0), "LEAF", 0, 0, 0))
                self._scores.append((tree, own, self._targets[number], self._weights[number]))
                continue
            mode = int(self._modes[number])
            if mode == MEMBER and members is None:
                members = self._sets[number]
            value = members[0] if members else self._splits[number]
            true, false = self._next(), self._next()
            name = "BRANCH_EQ" if mode == MEMBER else MODES[mode]
            feature, missing = self._features[number], self._missing[number]
            self._rows.append((tree, own, feature, value, name, true, false, missing))
            waiting.append((true, *self._child(number, "true")))
            if members and len(members) > 1:
                waiting.append((false, number, members[1:], False))
            else:
                waiting.append((false, *self._child(number, "false")))

    def attributes(self, targets: int, combine: str) -> dict[str, Any]:
        """Everything as a regressor's attributes."""
        columns = [list(column) for column in zip(*self._rows, strict=True)]
        trees, places, features, values, modes, true, false, missing = columns
        score_trees, score_places, ids, weights = map(list, zip(*self._scores, strict=True))
        return {
            "nodes_treeids": trees,
            "nodes_nodeids": places,
            "nodes_featureids": features,
            "nodes_values_as_tensor": ir.tensor(np.array(values, self._splits.dtype)),
            "nodes_modes": modes,
            "nodes_truenodeids": true,
            "nodes_falsenodeids": false,
            "nodes_missing_value_tracks_true": missing,
            "target_treeids": score_trees,
            "target_nodeids": score_places,
            "target_ids": ids,
            "target_weights_as_tensor": ir.tensor(np.array(weights, self._weights.dtype)),
            "n_targets": targets,
            "aggregate_function": combine,
        }

    def _child(self, number: int, side: str) -> tuple[int, None, bool]:
        places, leafs = self._sides[side]
        return places[number], None, bool(leafs[number])

    def _next(self) -> int:
        if len(self._rows) > MOST_NODES:
            raise _TooLarge
        self._place += 1
        return self._place - 1


def _sets(modes: np.ndarray, values: np.ndarray | None) -> dict[int, list[Any]]:
    """The members of each node that asks for membership: NaN ends a node's set."""
    ends = [] if values is None else np.flatnonzero(np.isnan(values)).tolist()
    nodes = np.flatnonzero(modes == MEMBER).tolist()
    starts = [0, *(end + 1 for end in ends)]
    return {
        node: list(values[start:end]) if values is not None else []
        for node, start, end in zip(nodes, starts, ends, strict=False)
    }
