"""XGBoost's own model files, .json and .ubj, as ONNX."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.boosted import ubjson
from neo_compiler.frontend.boosted.trees import Branch, Scores, Trees, to_onnx

LEAF = -1  # in place of a child


def _logit(probability: float) -> float:
    return -math.log(1 / probability - 1)


# Objective -> how scores become outputs, and how the base score becomes one of them.
OBJECTIVES: dict[str, tuple[str, Callable[[float], float]]] = {
    "binary:logistic": ("two classes", _logit),
    "binary:logitraw": ("identity", float),
    "multi:softprob": ("softmax", float),
    "multi:softmax": ("softmax", float),
    "reg:logistic": ("sigmoid", _logit),
    **dict.fromkeys(("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox"), ("exp", math.log)),
    **dict.fromkeys(
        (
            "reg:squarederror",
            "reg:squaredlogerror",
            "reg:absoluteerror",
            "reg:pseudohubererror",
            "reg:quantileerror",
            "rank:pairwise",
            "rank:ndcg",
            "rank:map",
        ),
        ("identity", float),
    ),
}


def read(path: Path, _reading: object = None) -> onnx.ModelProto:
    """The model in a file. Raises ModelError where it is damaged, or of a kind that ONNX has no trees for."""
    data = path.read_bytes()
    try:
        document = ubjson.loads(data) if data[1:2] in b"Lli$#UI" else json.loads(data)
        return _model(document["learner"])
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (KeyError, IndexError, TypeError, ValueError, RecursionError, OverflowError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ModelError(f"{path} is no XGBoost model, or a damaged one ({what})") from error


def _model(learner: Mapping[str, Any]) -> onnx.ModelProto:
    parameters, objective = learner["learner_model_param"], learner["objective"]["name"]
    link, margin = OBJECTIVES.get(objective, ("", float))
    if not link:
        raise ModelError(f"XGBoost's objective {objective} is not supported: {', '.join(OBJECTIVES)} are")
    targets = max(1, int(parameters["num_class"]), int(parameters.get("num_target", 1)))
    stored = json.loads(str(parameters["base_score"]).lower())
    base = [margin(float(value)) for value in (stored if isinstance(stored, list) else [stored])]
    trees = Trees()
    for target, tree, weight in _trees(learner):
        _add(trees, target, tree, weight)
    base = base * targets if len(base) == 1 else base
    return to_onnx(trees, int(parameters["num_feature"]), Scores(link, base))


def _trees(learner: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any], float]]:
    """Target, tree and weight; after early stopping, scikit-learn's interface uses the best rounds only."""
    booster = learner["gradient_booster"]
    kind = booster["name"]
    if kind not in ("gbtree", "dart"):
        raise ModelError(f"XGBoost's booster {kind} has no trees: gbtree and dart are supported")
    weights = booster.get("weight_drop")
    model = booster["gbtree"]["model"] if kind == "dart" else booster["model"]
    trees = model["trees"]
    weights = [1.0] * len(trees) if weights is None else weights
    rows = list(zip((int(target) for target in model["tree_info"]), trees, map(float, weights), strict=True))
    attributes = learner.get("attributes", {})
    if "scikit_learn" in attributes and "best_iteration" in attributes and "iteration_indptr" in model:
        rows = rows[: int(model["iteration_indptr"][int(attributes["best_iteration"]) + 1])]
    return rows


def _add(trees: Trees, target: int, tree: Mapping[str, Any], weight: float) -> None:
    left, right = (np.asarray(tree[name], np.int64) for name in ("left_children", "right_children"))
    conditions = np.asarray(tree["split_conditions"], np.float32)
    if any(tree.get("split_type", ())):
        raise ModelError("splits by category are not supported yet: encode categories as numbers")
    if int(tree["tree_param"].get("size_leaf_vector", 1)) > 1:
        raise ModelError(
            "trees with a vector in each leaf are not supported: use multi_strategy one_output_per_tree"
        )
    inner = np.flatnonzero(left != LEAF)
    numbers = np.full(len(left), -1)  # of nodes as Trees has them
    numbers[inner] = np.arange(len(inner))
    leaves = np.flatnonzero(left == LEAF)
    numbers[leaves] = len(inner) + np.arange(len(leaves))
    branches = [
        Branch(
            feature=int(tree["split_indices"][place]),
            threshold=float(conditions[place]),
            mode="BRANCH_LT",
            missing=bool(tree["default_left"][place]),
            true=int(numbers[left[place]]),
            false=int(numbers[right[place]]),
        )
        for place in inner
    ]
    trees.add(target, branches, [weight * float(conditions[place]) for place in leaves])
