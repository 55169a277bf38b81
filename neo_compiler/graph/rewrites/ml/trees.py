"""Classifiers of trees become regressors, which the lowering knows, and operators behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.ml import scores
from neo_compiler.graph.rewrites.ml.version5 import as_regressor
from neo_compiler.graph.rewrites.node import floats, integer, integers, shape, tensor, text

REGRESSOR = "ai.onnx.ml.TreeEnsembleRegressor"
DOUBLE = ir.DataType.DOUBLE
FLOATS = (ir.DataType.FLOAT, DOUBLE)
_NO_BASE = np.zeros(0, np.float32)


def tree_regressor(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Scores without a transformation stay as they are; another one comes behind them."""
    how = text(node, "post_transform", scores.NONE)
    x = node.inputs[0]
    if x is None or (how == scores.NONE and x.dtype in FLOATS and len(shape(x) or ()) == 2):
        return None
    raw = _raw(node, "target", integer(node, "n_targets", 1), numbers(node, "base_values"), build)
    return None if raw is None or not scores.knows(how) else [scores.transformed(raw, how, build)]


def tree_classifier(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Label and scores. None for the forms in which onnxruntime's answer depends on which leaves are hit."""
    labels, how = integers(node, "classlabels_int64s"), text(node, "post_transform", scores.NONE)
    if len(labels) < 2 or not scores.knows(how):
        return None
    scored = sorted(set(integers(node, "class_ids")))
    if len(labels) > 2:
        return _several(node, labels, how, build)
    return {(0,): _of_one, (0, 1): _of_both}.get(tuple(scored), _nothing)(node, labels, how, build)


def tree_ensemble(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """The form of version 5 as a regressor: interior nodes and leaves stand in lists of their own there."""
    x = node.inputs[0]
    how = _TRANSFORMS.get(integer(node, "post_transform", 0))
    attributes, sizes = as_regressor(node), shape(x)
    if x is None or x.dtype not in FLOATS or not sizes or len(sizes) != 2:
        return None
    if attributes is None or how is None:
        return None
    raw = _typed(build(REGRESSOR, x, **attributes), sizes[0], attributes["n_targets"])
    result = scores.transformed(raw, how, build)
    return [result if x.dtype != DOUBLE else build.cast(result, DOUBLE)]


_TRANSFORMS = {0: "NONE", 1: "SOFTMAX", 2: "LOGISTIC", 3: "SOFTMAX_ZERO", 4: "PROBIT"}


def _nothing(*_given: object) -> None:
    return None


def _several(node: ir.Node, labels: Sequence[int], how: str, build: Builder) -> list[ir.Value] | None:
    base, count = numbers(node, "base_values"), len(labels)
    weights = numbers(node, "class_weights")
    complete = base.size == count
    if not base.size:  # a class without a score in a row is not asked; where it is zero, that is the same
        complete = bool((weights >= 0).all()) or _always(node) == {*range(count)}
    raw = _raw(node, "class", count, _NO_BASE, build) if complete else None
    if raw is None:
        return None
    if base.any():
        raw = build("Add", raw, base.astype(np.float32))
    return [scores.label_of_most(raw, labels, build), scores.transformed(raw, how, build)]


def _of_one(node: ir.Node, labels: Sequence[int], how: str, build: Builder) -> list[ir.Value] | None:
    """Two classes of which the first has the scores: these are then those of the second."""
    base = numbers(node, "base_values")
    raw = _raw(node, "class", 1, base, build) if base.size < 2 else None
    positive = bool((numbers(node, "class_weights") >= 0).all())
    pair = None if raw is None else scores.of_two(raw, how, build, positive=positive)
    if raw is None or pair is None:
        return None
    return [scores.label_of_two(raw, 0.5 if positive else 0.0, labels, build), pair]


def _of_both(node: ir.Node, _labels: Sequence[int], how: str, build: Builder) -> list[ir.Value] | None:
    """Two classes with scores each: the label is 1 or 0, whatever the labels are."""
    base = numbers(node, "base_values")
    if base.size > 1 or _always(node) != {0, 1}:
        return None
    raw = _raw(node, "class", 2, _NO_BASE, build)
    if raw is None:
        return None
    if base.any():
        raw = build("Add", raw, np.array([base[0], 0], np.float32))
    second = build.sliced(raw, 1, 2, 1)
    return [scores.label_of_two(second, 0, (0, 1), build), scores.transformed(raw, how, build)]


def _always(node: ir.Node) -> set[int]:
    """The classes to which some tree gives a score at each of its leaves."""
    names = ("class_treeids", "class_nodeids", "class_ids")
    trees, places, classes = (integers(node, name) for name in names)
    modes = zip(integers(node, "nodes_treeids"), _modes(node), strict=True)
    leaves: dict[int, int] = {}
    for tree, mode in modes:
        leaves[tree] = leaves.get(tree, 0) + (mode == "LEAF")
    hits: dict[tuple[int, int], int] = {}
    for tree, _, kind in {*zip(trees, places, classes, strict=True)}:
        hits[tree, kind] = hits.get((tree, kind), 0) + 1
    return {kind for (tree, kind), count in hits.items() if count == leaves.get(tree)}


def _modes(node: ir.Node) -> Sequence[str]:
    return node.attributes["nodes_modes"].as_strings()


def numbers(node: ir.Node, name: str) -> np.ndarray:
    """A list of numbers, which may stand in a tensor."""
    found = tensor(node, f"{name}_as_tensor")
    return floats(node, name) if found is None else found.reshape(-1)


def _raw(node: ir.Node, kind: str, targets: int, base: np.ndarray, build: Builder) -> ir.Value | None:
    """(N, targets) scores of the trees, base values included, in float32."""
    x, sizes = node.inputs[0], shape(node.inputs[0])
    if x is None or not sizes or len(sizes) > 2:
        return None
    if x.dtype not in FLOATS:
        x = build.cast(x, ir.DataType.FLOAT)
    if len(sizes) == 1:
        x = build("Unsqueeze", x, np.array([0]))
    attributes: dict[str, Any] = {
        name: attribute.value for name, attribute in node.attributes.items() if name.startswith("nodes_")
    }
    for name in ("treeids", "nodeids", "ids", "weights", "weights_as_tensor"):
        if f"{kind}_{name}" in node.attributes:
            attributes[f"target_{name}"] = node.attributes[f"{kind}_{name}"].value
    if base.size:
        wide = base.dtype == np.float64 and "target_weights_as_tensor" in attributes
        name, value = ("base_values_as_tensor", ir.tensor(base)) if wide else ("base_values", base.tolist())
        attributes[name] = value
    if "aggregate_function" in node.attributes:
        attributes["aggregate_function"] = text(node, "aggregate_function", "SUM")
    attributes = {name: value for name, value in attributes.items() if not _is_empty(value)}
    rows = sizes[0] if len(sizes) == 2 else 1
    return _typed(build(REGRESSOR, x, **attributes, n_targets=targets), rows, targets)


def _typed(value: ir.Value, rows: int, targets: int) -> ir.Value:
    """Not all versions of the operator have a rule for the type of its result."""
    value.type, value.shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape((rows, targets))
    return value


def _is_empty(value: object) -> bool:
    return isinstance(value, list | tuple) and not value
