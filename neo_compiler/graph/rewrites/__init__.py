"""Rewrites of single nodes into operators that can be lowered, one file a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from neo_compiler.graph.rewrites import (
    division,
    elementary,
    empty,
    ml,
    quantised,
    ranking,
    recurrent,
    scan,
    small,
)
from neo_compiler.graph.rewrites.builder import Builder

# The results that take the place of the node's, or None where the rewrite does not apply to the node.
Rewrite = Callable[[ir.Node, Builder], Sequence[ir.Value | None] | None]

REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")

# Operator, with its domain where that is not the default one -> rewrite.
REWRITES: dict[str, Rewrite] = {
    "Cast": elementary.narrowed,
    "Concat": empty.concat,
    "ConvInteger": quantised.conv_integer,
    "Cosh": elementary.cosh,
    "CumProd": scan.running,
    "CumSum": scan.running,
    "DequantizeLinear": small.dequantized_blocks,
    "Div": division.quotient,
    "Dropout": elementary.dropout,
    "GRU": recurrent.recurrent,
    "IsInf": elementary.is_inf,
    "LSTM": recurrent.recurrent,
    "LpNormalization": elementary.lp_normalization,
    "Mod": elementary.modulo,
    "OneHot": ranking.one_hot,
    "Pow": elementary.power,
    "QLinearConv": quantised.qlinear_conv,
    "QLinearMatMul": quantised.qlinear_matmul,
    "QuantizeLinear": small.quantized_blocks,
    "RNN": recurrent.recurrent,
    **{f"Reduce{name}": empty.reduction for name in REDUCTIONS},
    "Sinh": elementary.sinh,
    "Split": empty.split,
    "TopK": ranking.top_k,
    **{f"ai.onnx.ml.{name}": rewrite for name, rewrite in ml.REWRITES.items()},
    "com.microsoft.QLinearAdd": quantised.qlinear_binary,
    "com.microsoft.QLinearMul": quantised.qlinear_binary,
}
