"""Small compiled models for the connectors, and pictures."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import neo_compiler

CLASSES = np.array([[0.01, 0, 0], [0, 0.01, 0], [0, 0, 0.01], [0, 0, 0]], np.float32)
BOXES = np.array(
    [[2, 0.25, 0, 0, 0.5, 0.5], [-1, 0.9, 0, 0, 0, 0], [7, 0.75, 0.125, 0.25, 0.5, 1]], np.float32
)


def _save(path: Path, nodes: list[Any], shape: list[int], weights: dict[str, Any]) -> Path:
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path / "small.onnx")
    neo_compiler.compile(path / "small.onnx", target="host", output=path / "model")
    return path / "model"


MEANS = [
    helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["means"]),
]


def save_classifier(folder: Path) -> Path:
    """`folder/model`; its scores are the mean of each colour over 100, and 0."""
    nodes = [*MEANS, helper.make_node("Gemm", ["means", "w"], ["out"], transB=1)]
    return _save(folder, nodes, [1, 4], {"w": CLASSES})


def save_detector(folder: Path) -> Path:
    """`folder/model`; it answers BOXES, whatever it sees."""
    nodes = [
        *MEANS,
        helper.make_node("ReduceMean", ["means"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "mean"], ["zero"]),
        helper.make_node("Reshape", ["zero", "shape"], ["zeros"]),
        helper.make_node("Add", ["zeros", "boxes"], ["out"]),
    ]
    weights = {"boxes": BOXES[np.newaxis], "shape": np.array([1, 1, 1])}
    return _save(folder, nodes, [1, 3, 6], weights)


def picture(colour: tuple[int, int, int], form: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (20, 30), colour).save(stream, form)
    return stream.getvalue()
