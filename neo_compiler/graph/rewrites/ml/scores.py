"""What classifiers make of their scores: probabilities, and a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir

from neo_compiler.graph.rewrites.builder import Builder

NONE = "NONE"
_SMALL = np.float32(1e-7)  # what onnxruntime takes for zero
_TAYLOR = 0.147  # of Winitzki's approximation of the error function, whose inverse is used


def transformed(scores: ir.Value, how: str, build: Builder) -> ir.Value:
    """Rows of float32 scores after a post transformation."""
    return _TRANSFORMS[how](scores, build)


def knows(how: str) -> bool:
    """Whether there is such a transformation."""
    return how in _TRANSFORMS


def of_two(score: ir.Value, how: str, build: Builder, *, positive: bool) -> ir.Value | None:
    """(N, 1) scores of the second of two classes as (N, 2); `positive` where they are probabilities."""
    if how == "LOGISTIC":
        pair = build("Concat", build("Neg", score), score, axis=1)
        return build("Sigmoid", pair)
    if how == "PROBIT":
        return None  # onnxruntime leaves one of the two undefined
    first = build("Sub", np.float32(1), score) if positive else build("Neg", score)
    return build("Concat", first, score, axis=1)


def label_of_two(score: ir.Value, above: float, labels: Sequence[int], build: Builder) -> ir.Value:
    """(N, 1) scores → (N): the second label where the score is above a threshold."""
    hit = build("Greater", build("Reshape", score, np.array([-1])), np.float32(above))
    return build("Where", hit, np.int64(labels[1]), np.int64(labels[0]))


def label_of_most(scores: ir.Value, labels: Sequence[int], build: Builder) -> ir.Value:
    """(N, classes) → (N): the label of the first class with the highest score."""
    place = build("ArgMax", scores, axis=1, keepdims=0)
    return place if list(labels) == list(range(len(labels))) else build("Gather", np.array(labels), place)


def _softmax_zero(scores: ir.Value, build: Builder) -> ir.Value:
    """A softmax of the scores that are not zero; the others stay zero."""
    top = build.reduced("ReduceMax", scores, [-1], keep=True)
    nonzero = build("Greater", build("Abs", scores), _SMALL)
    powers = build("Exp", build("Sub", scores, top))
    zeros = build("Mul", scores, build("Exp", build("Neg", top)))
    total = build.reduced("ReduceSum", build("Where", nonzero, powers, np.float32(0)), [-1], keep=True)
    return build("Div", build("Where", nonzero, powers, zeros), total)


def _probit(scores: ir.Value, build: Builder) -> ir.Value:
    """The inverse of the normal distribution, by S. Winitzki's inverse of the error function (2008)."""
    x = build("Sub", build("Mul", scores, np.float32(2)), np.float32(1))
    log = build("Log", build("Mul", build("Sub", np.float32(1), x), build("Add", np.float32(1), x)))
    half = build("Add", build("Mul", log, np.float32(0.5)), np.float32(2 / (3.14159 * _TAYLOR)))
    root = build("Sqrt", build("Sub", build("Mul", half, half), build("Mul", log, np.float32(1 / _TAYLOR))))
    size = build("Sqrt", build("Sub", root, half))
    sign = build("Where", build("Less", x, np.float32(0)), np.float32(-1), np.float32(1))
    return build("Mul", build("Mul", size, sign), np.float32(np.sqrt(2)))


_TRANSFORMS: dict[str, Callable[[ir.Value, Builder], ir.Value]] = {
    NONE: lambda scores, _build: scores,
    "LOGISTIC": lambda scores, build: build("Sigmoid", scores),
    "SOFTMAX": lambda scores, build: build("Softmax", scores, axis=-1),
    "SOFTMAX_ZERO": _softmax_zero,
    "PROBIT": _probit,
}
