"""scikit-learn's HistGradientBoostingClassifier and -Regressor, which skl2onnx does not convert, as ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.boosted.lightgbm import rounded_down
from neo_compiler.frontend.boosted.trees import Branch, Scores, Trees, to_onnx, with_classes

# The estimator's link between scores and values -> ours.
LINKS = {"IdentityLink": "identity", "LogLink": "exp"}


def is_histogram(estimator: Any) -> bool:
    """Whether an estimator is of this kind."""
    return type(estimator).__name__ in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")


def convert(estimator: Any) -> onnx.ModelProto:
    """A fitted estimator. Raises ModelError where it splits by category, or has another link."""
    base = np.ravel(estimator._baseline_prediction).astype(float).tolist()
    classes = getattr(estimator, "classes_", None)
    trees = Trees()
    for stage in estimator._predictors:
        for target, predictor in enumerate(stage):
            _add(trees, target, predictor.nodes)
    if classes is not None:
        link = "two classes" if len(base) == 1 else "softmax"
        return with_classes(to_onnx(trees, estimator.n_features_in_, Scores(link, base)), classes)
    name = type(estimator._loss.link).__name__
    if name not in LINKS:
        raise ModelError(f"a loss with the link {name} is not supported: {', '.join(LINKS)} are")
    return to_onnx(trees, estimator.n_features_in_, Scores(LINKS[name], base))


def _add(trees: Trees, target: int, nodes: np.ndarray) -> None:
    if nodes["is_categorical"].any():
        raise ModelError("splits by category are not supported yet: encode categories as numbers")
    leaf = nodes["is_leaf"].astype(bool)
    numbers = np.where(leaf, (~leaf).sum() + np.cumsum(leaf) - 1, np.cumsum(~leaf) - 1)
    branches = [
        Branch(
            feature=int(node["feature_idx"]),
            threshold=rounded_down(float(node["num_threshold"])),
            mode="BRANCH_LEQ",
            missing=bool(node["missing_go_to_left"]),
            true=int(numbers[int(node["left"])]),
            false=int(numbers[int(node["right"])]),
        )
        for node in nodes[~leaf]
    ]
    trees.add(target, branches, nodes["value"][leaf].tolist())
