"""Tensors that an ONNX model keeps in files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import onnx
from onnx import external_data_helper

from neo_compiler.errors import ModelError


def resolve_external_data(model: onnx.ModelProto, folder: Path) -> None:
    """Read every external tensor of `model` into it; `folder` is where the model file lies.

    Raises ModelError naming the file that is missing, too short, or outside `folder`.
    """
    root = folder.resolve()
    for tensor in _tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        info = external_data_helper.ExternalDataInfo(tensor)
        try:
            path = (root / info.location).resolve()
            _check(tensor.name, path, root, (info.offset or 0) + (info.length or 0))
        except (OSError, ValueError) as error:  # zero bytes in the name, or too many bytes
            raise ModelError(
                f"the data of tensor {tensor.name!r} are in no possible file: {error}"
            ) from error
        external_data_helper.load_external_data_for_tensor(tensor, str(root))
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]


def _check(tensor: str, path: Path, root: Path, end: int) -> None:
    if not path.is_relative_to(root):
        raise ModelError(f"the data of tensor {tensor!r} lie outside the model's folder, in {path}: refused")
    if not path.is_file():
        raise ModelError(
            f"the data of tensor {tensor!r} are missing: {path} does not exist; put it beside the model file"
        )
    size = path.stat().st_size
    if size < end:
        raise ModelError(f"the data of tensor {tensor!r} are truncated: {path} has {size} of {end} bytes")


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        yield from _node_tensors(function.node)


def _graph_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _graph_tensors(graph)
