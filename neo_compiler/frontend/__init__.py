"""Any source format in, one canonical onnx.ModelProto out."""

from neo_compiler.frontend.load import load
from neo_compiler.frontend.reading import Reading

__all__ = ["Reading", "load"]
