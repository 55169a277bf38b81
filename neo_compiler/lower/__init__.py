"""ONNX → Relax → blocked layouts → fused TensorIR."""

from neo_compiler.lower.pipeline import lower

__all__ = ["lower"]
