"""Shapes that no rule tells, as those after a Loop, seen in runs of onnxruntime."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir

from neo_compiler.graph.values import is_static
from neo_compiler.ort import OrtError, Session

# Operators the size of whose results is up to the data: what two runs show says nothing of the third.
DATA_DEPENDENT = frozenset({"Compress", "NonMaxSuppression", "NonZero", "StringSplit", "Unique"})

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
        session = Session(proto.SerializeToString())
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
    moving: set[ir.Value] = set()
    names = []
    for node in model.graph:
        depends = node.op_type in DATA_DEPENDENT or any(value in moving for value in node.inputs)
        for value in node.outputs:
            if not value.name or is_static(value):
                continue
            if depends:
                moving.add(value)
            else:
                names.append(value.name)
    return names
