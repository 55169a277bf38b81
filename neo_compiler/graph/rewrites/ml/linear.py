"""Linear models: one matrix product."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder
from neo_compiler.graph.rewrites.ml import scores
from neo_compiler.graph.rewrites.ml.features import as_float
from neo_compiler.graph.rewrites.node import floats, integer, integers, shape, text


def as_rows(value: ir.Value, build: Builder) -> ir.Value | None:
    """(N, features) of float32; a single row may come without its first dimension."""
    sizes = shape(value)
    if sizes is None or len(sizes) not in (1, 2):
        return None
    value = as_float(value, build)
    return value if len(sizes) == 2 else build("Unsqueeze", value, np.array([0]))


def linear_classifier(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """Label and scores; one row of coefficients scores the second of two classes."""
    labels = integers(node, "classlabels_ints")
    how, biases = text(node, "post_transform", scores.NONE), floats(node, "intercepts")
    found = _products(node, build, biases.size)
    if found is None or not labels or not scores.knows(how):
        return None
    total = build("Add", found, biases)
    if biases.size > 1:
        if biases.size != len(labels):
            return None
        return [scores.label_of_most(total, labels, build), scores.transformed(total, how, build)]
    pair = scores.of_two(total, how, build, positive=True) if len(labels) == 2 else None
    return None if pair is None else [scores.label_of_two(total, 0, labels, build), pair]


def linear_regressor(node: ir.Node, build: Builder) -> list[ir.Value] | None:
    """(N, targets)."""
    how, biases = text(node, "post_transform", scores.NONE), floats(node, "intercepts")
    found = _products(node, build, integer(node, "targets", 1))
    if found is None or how != scores.NONE:
        return None
    return [build("Add", found, biases) if biases.size else found]


def _products(node: ir.Node, build: Builder, targets: int) -> ir.Value | None:
    """Each row times each target's coefficients."""
    x, weights = node.inputs[0], floats(node, "coefficients")
    rows = None if x is None else as_rows(x, build)
    if rows is None or not targets or weights.size % targets:
        return None
    return build("MatMul", rows, np.ascontiguousarray(weights.reshape(targets, -1).T))
