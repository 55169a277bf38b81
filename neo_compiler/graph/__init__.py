"""ONNX → ONNX passes: whatever a trained model contains, made static and importable."""

from neo_compiler.graph.prepare import prepare
from neo_compiler.graph.survey import survey

__all__ = ["prepare", "survey"]
