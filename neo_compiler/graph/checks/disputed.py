"""Operators without one right result: random ones, and forms where onnxruntime and ONNX disagree."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from neo_compiler.errors import UnsupportedOperators
from neo_compiler.graph.rewrites.node import constant, operand, shape, text
from neo_compiler.graph.shape_inference.fold import RANDOM as RANDOM_OPERATORS

DISPUTED = "onnxruntime and the ONNX definition disagree on"
RANDOM = "its result is random"


def refuse_disputed(model: ir.Model) -> None:
    """Raise UnsupportedOperators with the nodes that have no agreed result: nothing could be compared."""
    found: dict[str, list[str]] = {}
    for node in model.graph:
        test = None if node.domain else FORMS.get(node.op_type)
        if test is not None and test[0](node):
            found.setdefault(node.op_type, []).append(str(node.name))
    if found:
        reasons = {name: FORMS[name][1] for name in found}
        raise UnsupportedOperators(
            found, "there is no one right result of", reasons, opsets=model.graph.opset_imports
        )


def _always(_node: ir.Node) -> bool:
    return True


def _drops(node: ir.Node) -> bool:
    training, ratio = constant(node, 2), constant(node, 1)
    return training is not None and bool(training.any()) and (ratio is None or bool(ratio.any()))


def _has_output_shape(node: ir.Node) -> bool:
    return operand(node, 2) is not None


def _scales_to_fractions(node: ir.Node) -> bool:
    """Whether corners are aligned although the scales give no whole sizes."""
    if text(node, "coordinate_transformation_mode", "half_pixel") != "align_corners":
        return False
    scales, sizes = constant(node, 2), shape(node.inputs[0])
    if scales is None or sizes is None or scales.size != len(sizes):
        return False
    return any(
        abs(size * scale - round(size * scale)) > 1e-3 for size, scale in zip(sizes, scales, strict=True)
    )


FORMS: dict[str, tuple[Callable[[ir.Node], bool], str]] = {
    "Dropout": (_drops, f"{RANDOM} in training mode: export the model for inference"),
    "ImageDecoder": (_always, "ONNX leaves open how a file is decoded: decode it before, and give pixels"),
    "MaxUnpool": (_has_output_shape, f"{DISPUTED} where the values go in an output_shape"),
    "Resize": (_scales_to_fractions, f"{DISPUTED} align_corners with scales that give no whole sizes"),
    **dict.fromkeys(RANDOM_OPERATORS, (_always, RANDOM)),
    "RandomUniformLike": (_always, f"{RANDOM}; ONNX defines Bernoulli by it"),
}
