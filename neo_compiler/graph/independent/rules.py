"""Which rule tells where the rows of an operator's results lie."""

from __future__ import annotations

from collections.abc import Callable

from neo_compiler.graph.independent.elements import broadcast, leading
from neo_compiler.graph.independent.movement import (
    concatenated,
    gathered,
    padded,
    reshaped,
    sliced,
    transposed,
)
from neo_compiler.graph.independent.node import Node, Rows
from neo_compiler.graph.independent.products import gemm, matmul
from neo_compiler.graph.independent.reductions import along, chosen, normalised, reduced

Rule = Callable[[Node], Rows]


def _names(text: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(text.split(), rule)


RULES: dict[str, Rule] = {
    **_names("Abs Acos Asin Atan Cast Ceil Clip Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid", broadcast),
    **_names("HardSwish Identity IsInf IsNaN LeakyRelu Log Neg Not PRelu Reciprocal Relu Round", broadcast),
    **_names("Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Tan Tanh ThresholdedRelu", broadcast),
    **_names("Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or", broadcast),
    **_names("Pow Sub Sum Where Xor", broadcast),
    **_names("AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool", leading),
    **_names("GlobalMaxPool InstanceNormalization LRN MaxPool Resize SpaceToDepth", leading),
    **_names("ai.onnx.ml.TreeEnsembleRegressor", leading),
    **_names("Hardmax LogSoftmax Softmax", along(-1)),
    **_names("Split", along(0)),
    **_names("LayerNormalization RMSNormalization", normalised),
    **_names("MatMul", matmul),
    **_names("Gemm", gemm),
    **_names("ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin", reduced),
    **_names("ReduceProd ReduceSum ReduceSumSquare", reduced),
    **_names("ArgMax ArgMin", chosen),
    **_names("Transpose", transposed),
    **_names("Flatten Reshape Squeeze Unsqueeze", reshaped),
    **_names("Concat", concatenated),
    **_names("Slice", sliced),
    **_names("Pad", padded),
    **_names("Gather", gathered),
}
