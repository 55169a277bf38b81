"""Shapes that no rule tells, as those after a Loop, seen in runs of onnxruntime."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.graph.values import is_static
from neo_compiler.ort import OrtError, Session

# Operators whose rules do not tell the shapes of results even where they are always the same. Of the others,
# a shape without a rule depends on values, and what two runs show says nothing of the third.
OPEN = frozenset({"ConcatFromSequence", "If", "Loop", "OptionalGetElement", "Scan", "SequenceAt"})

log = logging.getLogger(__name__)


def observe(model: ir.Model, samples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, onnx.TypeProto]:
    """The types of values without a static shape, where they are the same for all samples.

    A wrong guess is no wrong result: whoever runs the model checks these shapes.
    """
    names = _unknown(model)
    if not names:
        return {}
    proto = ir.to_proto(model)
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    try:
        session = Session(oldest_opset(proto).SerializeToString())
        runs = [session.run(names, inputs) for inputs in samples]
    except OrtError as error:
        log.info("no shapes can be observed: %s", error)
        return {}
    found = {}
    for name, *arrays in zip(names, *runs, strict=True):
        first = arrays[0]
        if all(isinstance(array, np.ndarray) and array.shape == first.shape for array in arrays):
            found[name] = onnx.helper.make_tensor_type_proto(
                onnx.helper.np_dtype_to_tensor_dtype(first.dtype), first.shape
            )
    return found


def _unknown(model: ir.Model) -> list[str]:
    return [
        value.name
        for node in model.graph
        if node.domain or node.op_type in OPEN
        for value in node.outputs
        if value.name and not is_static(value)
    ]
