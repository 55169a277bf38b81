"""Support vector machines: similarities to the support vectors, weighted."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.ml import scores
from neo_compiler.graph.rewrites.ml.linear import as_rows
from neo_compiler.graph.rewrites.node import floats, integer, integers, text


def svm_regressor(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """(N, 1); of one class: 1 inside, -1 outside."""
    x, weights, count = node.inputs[0], floats(node, "coefficients"), integer(node, "n_supports", 0)
    rows = None if x is None else as_rows(x, build)
    if rows is None or text(node, "post_transform", scores.NONE) != scores.NONE or not weights.size:
        return None
    likeness = _likeness(node, rows, count, build) if count else rows
    if likeness is None:
        return None
    total = build("Add", build("MatMul", likeness, weights.reshape(-1, 1)), floats(node, "rho")[:1])
    if integer(node, "one_class", 0):
        total = build("Where", build("Greater", total, np.float32(0)), np.float32(1), np.float32(-1))
    return [total]


def svm_classifier(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Label and scores of each pair of classes, which vote; without the calibration of probabilities."""
    x, labels, counts = (
        node.inputs[0],
        integers(node, "classlabels_ints"),
        integers(node, "vectors_per_class"),
    )
    rows = None if x is None else as_rows(x, build)
    calibrated = floats(node, "prob_a").size or text(node, "post_transform", scores.NONE) != scores.NONE
    if rows is None or calibrated or not counts or len(counts) != len(labels) or len(labels) < 2:
        return None
    likeness = _likeness(node, rows, sum(counts), build)
    if likeness is None:
        return None
    pairs = list(combinations(range(len(labels)), 2))
    weights = _pair_weights(floats(node, "coefficients").reshape(len(labels) - 1, -1), counts)
    total = build("Add", build("MatMul", likeness, weights), floats(node, "rho")[: len(pairs)])
    won = build.cast(build("Greater", total, np.float32(0)), ir.DataType.FLOAT)
    first, second = (np.eye(len(labels), dtype=np.float32)[list(side)] for side in zip(*pairs, strict=True))
    votes = build("Add", build("MatMul", won, first - second), second.sum(axis=0))
    values = total if len(labels) > 2 else scores.of_two(total, scores.NONE, build, positive=False)
    return None if values is None else [scores.label_of_most(votes, labels, build), values]


def _pair_weights(coefficients: np.ndarray, counts: list[int]) -> np.ndarray:
    """(vectors, pairs): a class's vectors have one row of coefficients for each other class."""
    ends = np.cumsum(counts)
    spans = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    columns = []
    for one, other in combinations(range(len(counts)), 2):
        column = np.zeros(int(ends[-1]), np.float32)
        column[spans[one]] = coefficients[other - 1, spans[one]]
        column[spans[other]] = coefficients[one, spans[other]]
        columns.append(column)
    return np.stack(columns, axis=1)


def _likeness(node: ir.Node, rows: ir.Value, count: int, build: Builder) -> ir.Value | None:
    """(N, vectors): the kernel function of each row and each support vector."""
    vectors, kernel = floats(node, "support_vectors"), text(node, "kernel_type", "LINEAR")
    gamma, offset, degree = (*floats(node, "kernel_params")[:3], *(0, 0, 3))[:3]
    if not vectors.size or vectors.size % count:
        return None
    vectors = vectors.reshape(count, -1)
    if kernel == "RBF":
        apart = build("Sub", build("Unsqueeze", rows, np.array([1])), vectors)
        square = build.reduced("ReduceSum", build("Mul", apart, apart), [-1])
        return build("Exp", build("Mul", square, np.float32(-gamma)))
    product = build("MatMul", rows, np.ascontiguousarray(vectors.T))
    if kernel == "LINEAR":
        return product
    shifted = build("Add", build("Mul", product, np.float32(gamma)), np.float32(offset))
    return build("Pow", shifted, np.float32(degree)) if kernel == "POLY" else build("Tanh", shifted)
