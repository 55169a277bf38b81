"""torch.export programs → ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import onnx

from neo_compiler.errors import ModelError, UsageError
from neo_compiler.frontend.extras import require
from neo_compiler.frontend.memory import Examples

OPSET = 20
# Operator -> place of the argument that says that it behaves as in training.
TRAINING = {"aten.dropout.default": 2, "aten.batch_norm.default": 5}

log = logging.getLogger(__name__)


def program_of(model: Any, examples: Examples) -> Any:
    """The torch.export.ExportedProgram of a torch.nn.Module when it serves; the module stays as it is.

    Raises UsageError without example inputs, ModelError with the reason where PyTorch cannot trace it.
    """
    require("torch", "a PyTorch model")
    import torch

    if isinstance(model, torch.export.ExportedProgram):
        return model
    if not isinstance(model, torch.nn.Module):
        raise UsageError(
            f"a {type(model).__name__} is no torch.nn.Module and no torch.export.ExportedProgram"
        )
    if examples.inputs is None:
        raise UsageError(
            "a PyTorch module is traced with inputs: give example_inputs=(tensor, ...), one tensor for each"
        )
    with _serving(model), quiet(), explained("PyTorch cannot export this model"):
        return torch.export.export(
            model, examples.inputs, dynamic_shapes=examples.dynamic_shapes, strict=False
        )


def to_onnx(program: Any) -> onnx.ModelProto:
    """The ONNX model of a torch.export.ExportedProgram. Raises ModelError with PyTorch's reason."""
    import torch

    _check_serves(program)
    with quiet(), explained("PyTorch cannot turn this model into ONNX"):
        exported = torch.onnx.export(program, dynamo=True, opset_version=OPSET, verbose=False)
        assert exported is not None
        proto: onnx.ModelProto = exported.model_proto
    return _without_traces(proto)


def _check_serves(program: Any) -> None:
    for node in program.graph.nodes:
        place = TRAINING.get(str(node.target))
        if place is not None and len(node.args) > place and node.args[place] is True:
            raise ModelError(
                f"the program was exported in training mode: {node.name} ({node.target}) would change with "
                "every run; call .eval() on the model before torch.export"
            )


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the exporter's notes about the Python source, which name files of whoever exported it."""
    for node in (*model.graph.node, *(node for function in model.functions for node in function.node)):
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model


@contextlib.contextmanager
def _serving(model: Any) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Around PyTorch: what it prints goes to the log."""
    printed = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        warnings.simplefilter("ignore")
        yield
    log.debug("%s", printed.getvalue())


@contextlib.contextmanager
def explained(what: str) -> Iterator[None]:
    """Around PyTorch: its errors, which have no common class, become a ModelError with the cause's words."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        log.info("%s", what, exc_info=True)
        reason = next((line for line in str(cause).splitlines() if line.strip()), "")
        raise ModelError(f"{what}: {type(cause).__name__}: {reason}") from error
