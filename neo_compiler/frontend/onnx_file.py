"""An ONNX file, with all its weights."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend.external_data import resolve_external_data
from neo_compiler.frontend.reading import Reading
from neo_compiler.frontend.sniff import HEAD, seems_to_be, starts_like_onnx


def read(path: Path, _reading: Reading) -> onnx.ModelProto:
    """The model in the file `path`.

    Raises ModelError where the file is no ONNX model, is truncated or lacks its external data, and UsageError
    where it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the model {path}: {error.strerror}") from error
    model = _parse(path, data)
    if not model.graph.node:
        raise ModelError(f"{path} holds no graph: it is {seems_to_be(data[:HEAD])}")
    resolve_external_data(model, path.parent)
    return model


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
