"""Models of old opsets, rewritten by ONNX's own converter: rules and rewrites know the newer forms."""

from __future__ import annotations

import logging

import onnx
from onnx import version_converter

from neo_compiler.graph.nodes import all_nodes

OLDEST = 13  # since which axes and other parameters are inputs

SCAN = 9  # the opset since which Scan has no batch axis; the converter does not see the difference

log = logging.getLogger(__name__)


def upgrade(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model`, or where its opset is older than 13 and that is possible, the same model in opset 13."""
    opset = next((row.version for row in model.opset_import if not row.domain), OLDEST)
    if opset >= OLDEST:
        return model
    if opset < SCAN and any(node.op_type == "Scan" for node in all_nodes(model.graph)):
        return model
    try:
        converted: onnx.ModelProto = version_converter.convert_version(model, OLDEST)
    except (RuntimeError, ValueError) as error:  # an operator that the converter has no rule for
        log.info("the model stays in opset %d: %s", opset, error)
        return model
    return converted
