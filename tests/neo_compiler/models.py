"""Small ONNX models, written as text, for the compiler's tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
from numpy.typing import ArrayLike
from onnx import numpy_helper

HEAD = '<ir_version: 8, opset_import: ["" : 17]>'


def parse(body: str, head: str = HEAD) -> onnx.ModelProto:
    """A checked model from ONNX's text form."""
    model = onnx.parser.parse_model(f"{head} {body}")
    onnx.checker.check_model(model)
    return model


def with_weights(model: onnx.ModelProto, **weights: ArrayLike) -> onnx.ModelProto:
    """Turn inputs of `model` into weights; floats become float32."""
    kept = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    for name, value in weights.items():
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        model.graph.initializer.append(numpy_helper.from_array(array, name))
    onnx.checker.check_model(model)
    return model


def save(model: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    """Write `model` into `folder`."""
    path = folder / name
    onnx.save(model, path)
    return path


MATMUL = "g (float[1, 64] x, float[64, 64] w) => (float[1, 64] y) { y = MatMul(x, w) }"
RELU = "g (float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }"
SYMBOLIC = "g (float[N, 3, H, W] x) => (float[N, 3, H, W] y) { y = Relu(x) }"
