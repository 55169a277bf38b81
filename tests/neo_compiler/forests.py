"""Random trees as attributes of ai.onnx.ml operators, and rows that hit their thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

ML = "ai.onnx.ml"
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
GRID = (-np.inf, -1.0, -0.5, -0.0, 0.5, 1.0, 2.0, np.inf)  # thresholds, and values, so that they meet
FEATURES = 5


@dataclass(frozen=True)
class Forest:
    """What random trees are like; a leaf has scores for `per_leaf` of the `targets`."""

    trees: int = 7
    depth: int = 4
    modes: Sequence[str] = ("BRANCH_LEQ",)
    missing: bool = False
    targets: int = 1
    per_leaf: int = 1
    low: float = -1.0


def attributes(forest: Forest, seed: int, kind: str = "target") -> dict[str, Any]:
    """The attributes of a TreeEnsembleRegressor; `kind` "class" names them as a classifier has them."""
    random, growing = np.random.default_rng(seed), _Growing(kind)
    for tree in range(forest.trees):
        growing.tree(tree, forest, random)
    found = growing.lists
    if not forest.missing:
        del found["nodes_missing_value_tracks_true"]
    return found


class _Growing:
    def __init__(self, kind: str) -> None:
        self._kind = kind
        names = ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")
        self.lists: dict[str, list[Any]] = {f"nodes_{name}": [] for name in names}
        self.lists["nodes_missing_value_tracks_true"] = []
        self.lists |= {f"{kind}_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}

    def tree(self, tree: int, forest: Forest, random: np.random.Generator) -> None:
        """Add a tree, whose nodes are listed parents first."""
        count, waiting = 1, [(0, 0)]
        while waiting:
            number, depth = waiting.pop(0)
            leaf = depth == forest.depth or (depth > 0 and random.random() < 0.25)
            mode = "LEAF" if leaf else str(random.choice(forest.modes))
            value = 0.0 if leaf else float(random.choice(GRID))
            row = (tree, number, int(random.integers(FEATURES)), value, mode, count, count + 1)
            for name, entry in zip(list(self.lists)[:7], row, strict=True):
                self.lists[name].append(entry)
            self.lists["nodes_missing_value_tracks_true"].append(int(random.integers(2)))
            if leaf:
                self._leaf(tree, number, forest, random)
            else:
                waiting += [(count, depth + 1), (count + 1, depth + 1)]
                count += 2

    def _leaf(self, tree: int, number: int, forest: Forest, random: np.random.Generator) -> None:
        for target in random.choice(forest.targets, forest.per_leaf, replace=False):
            row = (tree, number, int(target), float(random.uniform(forest.low, 1.0)))
            for name, entry in zip(("treeids", "nodeids", "ids", "weights"), row, strict=True):
                self.lists[f"{self._kind}_{name}"].append(entry)


def rows(count: int, dtype: str = "float32", *, seed: int = 0) -> NDArray[Any]:
    """Values between thresholds, on them, and NaN."""
    random = np.random.default_rng(seed)
    values = random.choice([*GRID, np.nan, 0.25, -0.75, 3.0, np.float32(1.4e-45)], (count, FEATURES))
    return values.astype(dtype)


def model_of(
    nodes: Sequence[onnx.NodeProto], given: NDArray[Any], kinds: dict[str, int], version: int = 3
) -> onnx.ModelProto:
    """Nodes that read `x`, of which all results are outputs of the given element types (else float)."""
    outputs = [
        helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), None)
        for node in nodes
        for name in node.output
    ]
    kind = helper.np_dtype_to_tensor_dtype(given.dtype)
    source = helper.make_tensor_value_info("x", kind, given.shape)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, version)]
    return helper.make_model(
        helper.make_graph(nodes, "g", [source], outputs), opset_imports=opsets, ir_version=8
    )
