"""Operators that TVM's importer lacks, which have kernels of ours, and operands that it misunderstands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from typing import Any

import numpy as np
import onnx
import tvm
from onnx import numpy_helper
from tvm import relax
from tvm.relax.frontend.onnx.onnx_frontend import ONNXGraphImporter

from neo_compiler.lower.compute.trees import Walk, trees
from neo_compiler.lower.ensemble import read_ensemble
from neo_compiler.lower.small import DECODE, ENCODE, bit_cast, decode, encode
from neo_compiler.lower.values import array_of, dtype_of, is_constant, shape_of

Attributes = Mapping[str, Any]


class Importer(ONNXGraphImporter):
    """TVM's importer with `OPERATORS`."""

    def import_model(self, model: onnx.ModelProto) -> tvm.IRModule:
        """The model as a Relax module; its weights are constants."""
        versions = {row.domain: row.version for row in model.opset_import}
        return self.from_onnx(model.graph, versions.get("", 1))

    def _check_for_unsupported_ops(self, graph: onnx.GraphProto) -> None:
        others = [node for node in graph.node if node.op_type not in OPERATORS]
        super()._check_for_unsupported_ops(onnx.GraphProto(node=others))

    def _convert_operator(
        self, op_name: str, inputs: MutableSequence[relax.Expr | None], attrs: dict[str, Any], opset: int
    ) -> relax.Expr:
        if (convert := OPERATORS.get(op_name)) is None:
            if op_name == "Resize":
                _leave_out_empty(inputs)
            return super()._convert_operator(op_name, inputs, attrs, opset)
        plain = {name: _plain(value) for name, value in attrs.items()}
        return self.bb.normalize(convert(self.bb, inputs, plain))


def _leave_out_empty(operands: MutableSequence[relax.Expr | None]) -> None:
    """Until opset 13 an operand that is not given is a tensor without elements, which the importer counts."""
    for place, operand in enumerate(operands):
        if operand is not None and is_constant(operand) and array_of(operand).size == 0:
            operands[place] = None


def _plain(value: Any) -> Any:
    """An attribute with texts and arrays in place of their ONNX forms."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def _trees(builder: relax.BlockBuilder, inputs: Sequence[relax.Expr], attributes: Attributes) -> relax.Expr:
    """ai.onnx.ml.TreeEnsembleRegressor without a transformation of its scores."""
    rows = inputs[0]
    ensemble = read_ensemble(attributes, shape_of(rows)[1], np.dtype(dtype_of(rows)))
    tables = (
        ensemble.roots,
        ensemble.depths,
        ensemble.spans,
        ensemble.nodes,
        ensemble.thresholds,
        ensemble.first,
        ensemble.leaf_rows,
        ensemble.scores,
        ensemble.base,
    )
    walk = Walk(ensemble.combine, ensemble.flags, int(ensemble.depths.sum()))
    kernel = functools.partial(trees, walk=walk)
    constants = (relax.const(table, str(table.dtype)) for table in tables)  # else doubles would be narrowed
    result = builder.emit_te(kernel, rows, *constants, primfunc_name_hint="trees")
    return result if dtype_of(result) == "float32" else relax.op.astype(result, "float32")


OPERATORS: dict[str, Callable[[relax.BlockBuilder, Sequence[relax.Expr], Attributes], relax.Expr]] = {
    "BitCast": bit_cast,
    DECODE: decode,
    ENCODE: encode,
    "TreeEnsembleRegressor": _trees,
}
