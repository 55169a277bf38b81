"""ONNX → ONNX passes, one file each: simpler, more explicit, with fewer operators."""
