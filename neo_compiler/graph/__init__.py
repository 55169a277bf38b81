"""ONNX → ONNX passes: whatever a trained model contains, made static and importable."""

from neo_compiler.graph.prepare import prepare

__all__ = ["prepare"]
