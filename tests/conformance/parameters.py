"""Inputs that every exported model holds as constants: axes, shapes, pads, weights, scales.

The cases feed them at run time, since that is how they vary them. What a compiled model can do is asked of
models as they are exported, so these become initializers, and the table of results names them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

_REDUCTIONS = ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")

# Operator -> places of such inputs.
PARAMETERS: dict[str, tuple[int, ...]] = {
    "AffineGrid": (1,),
    "ArrayFeatureExtractor": (1,),
    "BatchNormalization": (1, 2, 3, 4),
    "CausalConvWithState": (1, 2),
    "CenterCropPad": (1,),
    "Clip": (1, 2),
    "Col2Im": (1, 2),
    "Compress": (1,),
    "ConstantOfShape": (0,),
    "Conv": (1, 2),
    "ConvInteger": (1, 2, 3),
    "ConvTranspose": (1, 2),
    "CumProd": (1,),
    "CumSum": (1,),
    "DFT": (1, 2),
    "DeformConv": (1, 3),
    "DequantizeLinear": (1, 2),
    "Dropout": (1, 2),
    "Expand": (1,),
    "GRU": (1, 2, 3, 4),
    "Gemm": (1, 2),
    "GroupNormalization": (1, 2),
    "InstanceNormalization": (1, 2),
    "LSTM": (1, 2, 3, 4, 7),
    "LayerNormalization": (1, 2),
    "Loop": (0, 1),
    "MatMulInteger": (1, 2, 3),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1, 2, 3, 4),
    "NonMaxSuppression": (2, 3, 4),
    "OneHot": (1, 2),
    "PRelu": (1,),
    "Pad": (1, 2, 3),
    "QLinearConv": (1, 2, 3, 4, 5, 6, 7, 8),
    "QLinearMatMul": (1, 2, 3, 4, 5, 6, 7),
    "QuantizeLinear": (1, 2),
    "RMSNormalization": (1,),
    "RNN": (1, 2, 3, 4),
    "Range": (0, 1, 2),
    **{f"Reduce{name}": (1,) for name in _REDUCTIONS},
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "ReverseSequence": (1,),
    "STFT": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "SplitToSequence": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
    "BlackmanWindow": (0,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
}


def with_parameters(
    model: onnx.ModelProto, values: Mapping[str, Any], more: Sequence[str] = ()
) -> tuple[onnx.ModelProto, tuple[str, ...]]:
    """A copy of `model` with the values of its parameter-like inputs inside, and the names of these.

    `more` names others. A case in which everything would become constant keeps its inputs.
    """
    names = tuple(dict.fromkeys([*more, *_parameter_names(model, values)]))
    if not names or len(names) == len(values):
        return model, ()
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    kept = [value for value in copy.graph.input if value.name not in names]
    del copy.graph.input[:]
    copy.graph.input.extend(kept)
    copy.graph.initializer.extend(numpy_helper.from_array(np.asarray(values[name]), name) for name in names)
    copy.ir_version = max(copy.ir_version, 4)  # from which on an initializer need not be an input
    return copy, names


def _parameter_names(model: onnx.ModelProto, values: Mapping[str, Any]) -> tuple[str, ...]:
    names = [
        node.input[place]
        for node in model.graph.node
        for place in PARAMETERS.get(node.op_type, ())
        if place < len(node.input)
    ]
    return tuple(
        name for name in dict.fromkeys(names) if isinstance(values.get(name), np.ndarray | np.generic)
    )
