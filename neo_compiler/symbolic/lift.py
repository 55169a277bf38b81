"""Constants that are handed over as inputs, so that nothing is computed from them before a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from neo_compiler.native.extract import Drafted
from neo_compiler.native.memory import aligned
from neo_compiler.native.plan import Where

Array = NDArray[np.generic]


def lift(model: onnx.ModelProto, kept: Collection[str]) -> tuple[onnx.ModelProto, tuple[Array, ...]]:
    """A copy of a prepared model in which what makes the values `kept` has an operand that is no constant.

    A Range is its first number added to 0, 1, 2 ..., which only grow in number. Returns the values of the
    inputs that the copy has behind the model's own.
    """
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in copy.graph.initializer}
    lifted: dict[str, Array] = {}
    for node in copy.graph.node:
        if not set(node.output) & set(kept) or any(name not in constants for name in node.input if name):
            continue
        if node.op_type == "Range" and constants[node.input[2]] == 1:
            start, limit = (constants[name] for name in node.input[:2])
            lifted[f"{node.output[0]}/numbers"] = np.arange(limit - start, dtype=start.dtype)
            node.op_type, node.input[:] = "Add", [f"{node.output[0]}/numbers", node.input[0]]
        else:
            lifted[node.input[0]] = constants[node.input[0]]
    rest = [tensor for tensor in copy.graph.initializer if tensor.name not in lifted]
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(rest)
    copy.graph.input.extend(
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in lifted.items()
    )
    return copy, tuple(lifted.values())


def settled(drafted: Drafted, values: tuple[Array, ...]) -> Drafted:
    """The program with its last inputs as constants again."""
    if not values:
        return drafted
    own = len(drafted.inputs) - len(values)
    params, offsets, size = list(drafted.params), [], drafted.params_bytes
    for value in values:
        offsets.append(size)
        params.append((size, value))
        size += aligned(value.nbytes)
    tensors = tuple(
        replace(row, where=Where.PARAMS, index=0, offset=offsets[row.index - own])
        if row.where is Where.INPUT and row.index >= own
        else row
        for row in drafted.draft.tensors
    )
    draft = replace(drafted.draft, tensors=tensors)
    return Drafted(draft, drafted.inputs[:own], tuple(params), size)
