"""LightGBM's own model files, which are text, as ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.boosted.trees import Branch, Scores, Trees, to_onnx

# Bits of a node's decision_type.
CATEGORY, DEFAULT_LEFT = 1, 2
NONE, ZERO, NAN = 0, 1, 2  # the two bits above them: what counts as missing

_IDENTITY = (
    "regression",
    "regression_l1",
    "regression_l2",
    "huber",
    "fair",
    "quantile",
    "mape",
    "lambdarank",
    "rank_xendcg",
    "custom",
    "none",
)
LINKS = {
    "binary": "two classes",
    "multiclass": "softmax",
    "multiclassova": "one against all",
    "cross_entropy": "sigmoid",
    **dict.fromkeys(("poisson", "gamma", "tweedie"), "exp"),
    **dict.fromkeys(_IDENTITY, "identity"),
}

Section = Mapping[str, str]


def read(path: Path, _reading: object = None) -> onnx.ModelProto:
    """The model in a file. Raises ModelError where it is damaged, or of a kind that ONNX has no trees for."""
    try:
        head, trees = _sections(path.read_text(encoding="utf-8"))
        return _model(head, trees)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (KeyError, IndexError, ValueError, OverflowError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ModelError(f"{path} is no LightGBM model, or a damaged one ({what})") from error


def _sections(text: str) -> tuple[Section, list[Section]]:
    body, end, _ = text.partition("\nend of trees")
    if not end:
        raise ValueError("it ends before its trees do")
    head, *trees = body.split("\nTree=")
    return _entries(head), [_entries(tree) for tree in trees]


def _entries(text: str) -> Section:
    """Lines `name=value`; a name alone is a switch."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: value for name, _, value in pairs}


def _model(head: Section, sections: list[Section]) -> onnx.ModelProto:
    name, *options = head.get("objective", "custom").split()
    given = dict(option.partition(":")[::2] for option in options)
    if name not in LINKS or "sqrt" in given:
        raise ModelError(
            f"LightGBM's objective {head['objective']!r} is not supported: {', '.join(LINKS)} are"
        )
    targets = int(head["num_tree_per_iteration"])
    trees = Trees()
    for number, section in enumerate(sections):
        _add(trees, number % targets, section)
    average = len(sections) // targets if "average_output" in head else 1
    scores = Scores(LINKS[name], [0.0] * targets, float(given.get("sigmoid", 1.0)), average)
    return to_onnx(trees, int(head["max_feature_idx"]) + 1, scores)


def _add(trees: Trees, target: int, section: Section) -> None:
    leaves = [float(value) for value in section["leaf_value"].split()]
    if section.get("is_linear", "0") != "0":
        raise ModelError(
            "trees with linear models in their leaves are not supported: train without linear_tree"
        )
    if len(leaves) != int(section["num_leaves"]):
        raise ValueError("a tree of another number of leaves than it says")
    names = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
    columns = [section.get(name, "").split() for name in names]
    branches = [
        _branch(int(feature), float(threshold), int(decision), (int(left), int(right)), len(leaves) - 1)
        for feature, threshold, decision, left, right in zip(*columns, strict=True)
    ]
    trees.add(target, branches, leaves)


def _branch(feature: int, threshold: float, decision: int, children: tuple[int, int], inner: int) -> Branch:
    if decision & CATEGORY:
        raise ModelError("splits by category are not supported yet: encode categories as numbers")
    missing, left = decision >> 2, bool(decision & DEFAULT_LEFT)
    if missing == ZERO and (threshold >= 0) != left:
        raise ModelError("zero_as_missing is not supported where zeros leave their order")
    if missing == NONE:
        left = threshold >= 0  # NaN counts as zero
    true, false = (child if child >= 0 else inner + ~child for child in children)
    return Branch(feature, rounded_down(threshold), "BRANCH_LEQ", left, true, false)


def rounded_down(threshold: float) -> float:
    """The largest float32 that is not above a float64: the same float32 values are at most either."""
    nearest = np.float32(threshold)
    return float(nearest if float(nearest) <= threshold else np.nextafter(nearest, np.float32(-np.inf)))
