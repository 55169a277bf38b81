"""Any source format in, one canonical onnx.ModelProto out."""

from neo_compiler.frontend.load import load

__all__ = ["load"]
