"""Whose fault an unexpected error is: a model's that breaks the ONNX rules, or ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import onnx

from edge_runtime.errors import EdgeError
from neo_compiler.errors import ModelError
from neo_compiler.ort import OrtError, Session


@contextlib.contextmanager
def blaming(model: onnx.ModelProto) -> Iterator[None]:
    """Around work on a model: what fails in a way that nobody foresaw is the model's fault, as a ModelError,
    where onnxruntime refuses the model too, and else a bug, which passes through as it is.
    """
    try:
        yield
    except (EdgeError, OSError, MemoryError):
        raise
    except Exception as error:
        if undecodable := _undecodable(error):
            raise not_text(undecodable) from error
        try:
            Session(model.SerializeToString())
        except OrtError as refusal:
            raise ModelError(f"the model breaks the ONNX rules: {refusal}") from error
        raise


def _undecodable(error: BaseException | None) -> UnicodeDecodeError | None:
    """The error, or the one that it was raised from, that met bytes which are no text."""
    while error is not None and not isinstance(error, UnicodeDecodeError):
        error = error.__cause__
    return error


def not_text(error: UnicodeDecodeError) -> ModelError:
    """Of a name whose bytes are no text."""
    return ModelError(f"the model is damaged: it holds a name that is no text: {error.object[:60]!r}")
