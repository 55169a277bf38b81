"""The tools behind the compiler, kept to its manners: no stray output, no foreign exceptions."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from types import TracebackType

import onnx

from neo_compiler.errors import ModelError

# The importer's functions that walk over the model's nodes; their local variable `node` is the one at hand.
IMPORTER_LOOPS = frozenset({"_construct_nodes", "_convert_subgraph"})

log = logging.getLogger(__name__)


@contextlib.contextmanager
def translate(model: onnx.ModelProto) -> Iterator[None]:
    """Whatever TVM prints or warns of goes to the log; a node that it cannot import becomes a ModelError.

    Errors that do not come from importing a node pass through as they are.
    """
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            yield
        except Exception as error:
            if (node := _node_at_hand(error.__traceback__)) is None:
                raise
            raise ModelError(_message(model, node, error)) from error
        finally:
            for line in (*printed.getvalue().splitlines(), *(str(warning.message) for warning in warned)):
                log.info("%s", line)


def _node_at_hand(trace: TracebackType | None) -> onnx.NodeProto | None:
    while trace is not None:
        if trace.tb_frame.f_code.co_name in IMPORTER_LOOPS:
            node = trace.tb_frame.f_locals.get("node")
            return node if isinstance(node, onnx.NodeProto) else None
        trace = trace.tb_next
    return None


def _message(model: onnx.ModelProto, node: onnx.NodeProto, error: Exception) -> str:
    opset = next((row.version for row in model.opset_import if row.domain == node.domain), "?")
    reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    operator = f"{node.op_type} (opset {opset}) of node {node.name!r}"
    return f"operator {operator} cannot be compiled as it is used: {reason}"
