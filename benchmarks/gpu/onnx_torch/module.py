"""A prepared ONNX model as a PyTorch module."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from benchmarks.gpu.onnx_torch.calls import CALLS
from benchmarks.gpu.onnx_torch.node import Call, Node, Unsupported


class OnnxModule(torch.nn.Module):
    """Takes the model's inputs in order, gives its outputs in order; raises Unsupported when it is made."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        graph = model.graph
        weights = {row.name: numpy_helper.to_array(row) for row in graph.initializer}
        self._places = {row.name: i for i, row in enumerate(r for r in graph.input if r.name not in weights)}
        self._calls: list[tuple[Call, list[int], list[int]]] = []
        for name, array in weights.items():
            self._places[name] = len(self._places)
            self.register_buffer(f"weight{self._places[name]}", torch.from_numpy(array.copy()))
        self._opset = next(row.version for row in model.opset_import if row.domain in ("", "ai.onnx"))
        self._weights = [self._places[name] for name in weights]
        for node in graph.node:
            self._add(node, weights)
        self._outputs = [self._places[row.name] for row in graph.output]

    def _add(self, node: onnx.NodeProto, weights: dict[str, np.ndarray[Any, Any]]) -> None:
        if node.op_type not in CALLS:
            raise Unsupported(node.op_type)
        row = Node(node, tuple(weights.get(name) for name in node.input), self._opset)
        given = [self._places[name] if name else -1 for name in node.input]
        for name in node.output:
            self._places.setdefault(name, len(self._places))
        self._calls.append((CALLS[node.op_type](row), given, [self._places[name] for name in node.output]))

    def forward(self, *inputs: torch.Tensor) -> list[torch.Tensor]:
        values: list[Any] = [*inputs, *[None] * (len(self._places) - len(inputs))]
        for place in self._weights:
            values[place] = getattr(self, f"weight{place}")
        for call, given, made in self._calls:
            found = call([values[place] if place >= 0 else None for place in given])
            for place, value in zip(
                made, found if isinstance(found, (list, tuple)) else [found], strict=False
            ):
                values[place] = value
        return [values[place] for place in self._outputs]
