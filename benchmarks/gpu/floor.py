"""The least that a model has to do, counted in its ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import onnx
from onnx import helper, numpy_helper

from benchmarks.gpu.cases import Work

Shapes = Mapping[str, tuple[int, ...]]


def least_work(model: onnx.ModelProto) -> Work:
    """Of a model with static shapes; operators other than products count one operation an element."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    weights = {row.name: numpy_helper.to_array(row) for row in graph.initializer}
    shapes = {row.name: _shape(row) for row in (*graph.value_info, *graph.input, *graph.output)}
    shapes |= {name: array.shape for name, array in weights.items()}
    flops = float(sum(_flops(node, shapes) for node in graph.node))
    sizes = [array.nbytes for array in weights.values()]
    sizes += [
        prod(_shape(row)) * _width(row) for row in (*graph.input, *graph.output) if row.name not in weights
    ]
    return Work(flops, sum(sizes))


def _shape(row: onnx.ValueInfoProto) -> tuple[int, ...]:
    return tuple(size.dim_value for size in row.type.tensor_type.shape.dim)


def _width(row: onnx.ValueInfoProto) -> int:
    return int(helper.tensor_dtype_to_np_dtype(row.type.tensor_type.elem_type).itemsize)


def _flops(node: onnx.NodeProto, shapes: Shapes) -> int:
    made = prod(shapes.get(node.output[0], ()))
    if node.op_type == "Conv":
        return 2 * made * prod(shapes[node.input[1]][1:])
    if node.op_type == "ConvTranspose":
        return 2 * prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])
    if node.op_type in ("MatMul", "Gemm"):
        turned = any(row.name == "transA" and row.i for row in node.attribute)
        return 2 * made * shapes[node.input[0]][-2 if turned else -1]
    return made
