"""An ONNX file, read, checked and made canonical."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend.external_data import resolve_external_data
from neo_compiler.frontend.labels import number_labels
from neo_compiler.frontend.sniff import is_saved_model, seems_to_be, starts_like_onnx

DEFAULT_OPSET = 18  # for models that use none of its operators


def load(path: str | Path) -> onnx.ModelProto:
    """The model in the file `path`: all weights inside, checked, each input a real input.

    Raises ModelError where the file is no ONNX model, is truncated, lacks its external data or breaks the
    ONNX rules, and UsageError where it cannot be read.
    """
    path = Path(path)
    model = _parse(path, _read(path))
    if not model.graph.node:
        raise ModelError(f"{path} holds no graph: it is {seems_to_be(path.read_bytes()[:512])}")
    resolve_external_data(model, path.parent)
    _one_name_for_the_default_domain(model)
    _check(path, model)
    _weights_are_no_inputs(model)
    _has_default_domain(model)
    number_labels(model)
    return model


def _read(path: Path) -> bytes:
    if path.is_dir():
        kind = "a TensorFlow SavedModel" if is_saved_model(path) else "a folder"
        raise ModelError(f"{path} is {kind}, not an ONNX file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the model {path}: {error.strerror}") from error


def _parse(path: Path, data: bytes) -> onnx.ModelProto:
    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError as error:
        if starts_like_onnx(data):
            raise ModelError(
                f"{path} is truncated or damaged: an ONNX model that breaks off after {len(data)} bytes"
            ) from error
        raise ModelError(f"{path} is not an ONNX file: it seems to be {seems_to_be(data)}") from error
    return model


def _check(path: Path, model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{path} breaks the ONNX rules: {reason}") from error


def _weights_are_no_inputs(model: onnx.ModelProto) -> None:
    """IR versions before 4 list each initializer as an input too."""
    model.ir_version = max(model.ir_version, 4)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    real = [value for value in graph.input if value.name not in weights]
    del graph.input[:]
    graph.input.extend(real)


def _one_name_for_the_default_domain(model: onnx.ModelProto) -> None:
    for opset in model.opset_import:
        opset.domain = _domain(opset.domain)
    nodes = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    for node in nodes:  # grows by the nodes of subgraphs while it is walked
        node.domain = _domain(node.domain)
        for attribute in node.attribute:
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                nodes.extend(graph.node)


def _has_default_domain(model: onnx.ModelProto) -> None:
    """A model of ai.onnx.ml alone need not name the version of operators that it does not use."""
    if not any(not opset.domain for opset in model.opset_import):
        model.opset_import.add(domain="", version=DEFAULT_OPSET)


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
