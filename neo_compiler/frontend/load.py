"""A model file of any known format, read, checked and made canonical ONNX."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import cast

import onnx

from neo_compiler.errors import ModelError
from neo_compiler.frontend.labels import number_labels
from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.sniff import recognise
from neo_compiler.frontend.validity import not_text

NOTHING_MORE = Reading()
DEFAULT_OPSET = 18  # for models that use none of its operators


def load(path: str | Path, reading: Reading = NOTHING_MORE) -> onnx.ModelProto:
    """The model in the file or folder `path`: all weights inside, checked, each input a real input.

    Raises ModelError where it has no known format, is truncated, lacks its external data, would run code of
    its own without `reading.trust`, or breaks the ONNX rules; MissingExtra where a package that reads its
    format is not installed; UsageError where it cannot be read.
    """
    path = Path(path)
    try:
        return _checked(path, _read(path, reading))
    except UnicodeDecodeError as error:
        raise not_text(error) from error


def _read(path: Path, reading: Reading) -> onnx.ModelProto:
    form = recognise(path)
    if not form.reader:
        raise ModelError(f"{path} is not an ONNX file: it seems to be {form.phrase}")
    module, _, function = form.reader.partition(":")
    return cast(onnx.ModelProto, getattr(importlib.import_module(module), function)(path, reading))


def _checked(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    _one_name_for_the_default_domain(model)
    _check(path, model)
    _weights_are_no_inputs(model)
    _has_default_domain(model)
    number_labels(model)
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
