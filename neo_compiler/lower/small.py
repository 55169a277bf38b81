"""BitCast, and Casts from and to types whose values are stored as bits, for the importer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from onnx import helper
from tvm import relax
from tvm.relax.frontend.onnx.onnx_frontend import Cast

from neo_compiler.graph.small_types import SMALL, WHOLE, storage
from neo_compiler.lower.compute.small_floats import (
    FORMS,
    decoded_bfloat16,
    encoded,
    encoded_bfloat16,
    encoded_power,
    reinterpreted,
)
from neo_compiler.lower.values import dtype_of, shape_of

DECODE, ENCODE = "DecodeSmall", "EncodeSmall"  # stand for Casts with a small side

Attributes = Mapping[str, Any]


def without_small_types(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model whose small values are stored as bits; their Casts become DECODE and ENCODE."""
    copy: onnx.ModelProto = onnx.ModelProto.FromString(model.SerializeToString())
    graph = copy.graph
    small: dict[str, ir.DataType] = {}
    for value in (*graph.input, *graph.output, *graph.value_info):
        kind = ir.DataType(value.type.tensor_type.elem_type)
        if kind in SMALL:
            small[value.name] = kind
            value.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(storage(kind))
    for node in graph.node:
        if node.op_type == "Cast" and node.output[0] in small:
            node.op_type = ENCODE
        elif node.op_type == "Cast" and node.input[0] in small:
            node.op_type = DECODE
            node.attribute.append(helper.make_attribute("kind", int(small[node.input[0]])))
    return copy if small else model


def bit_cast(builder: relax.BlockBuilder, inputs: Sequence[relax.Expr], attributes: Attributes) -> relax.Expr:
    """The same bits as another type of the same size."""
    x, dtype = inputs[0], _name(attributes["to"])
    if "bool" in (dtype, dtype_of(x)):  # a byte that is 0 or 1
        return relax.op.astype(x, dtype)
    return builder.emit_te(lambda t: reinterpreted(t, dtype), x, primfunc_name_hint="bits")


def decode(builder: relax.BlockBuilder, inputs: Sequence[relax.Expr], attributes: Attributes) -> relax.Expr:
    """Bits → a type that is computed with."""
    kind, wanted = ir.DataType(attributes["kind"]), _name(attributes["to"])
    x = inputs[0] if kind in WHOLE else builder.emit(_floats(builder, inputs[0], kind))
    return x if dtype_of(x) == wanted else _cast(builder, x, wanted)


def encode(builder: relax.BlockBuilder, inputs: Sequence[relax.Expr], attributes: Attributes) -> relax.Expr:
    """A type that is computed with → bits."""
    kind, saturate = ir.DataType(attributes["to"]), attributes.get("saturate", 1) == 1
    if kind in WHOLE:
        return _wrapped(builder, inputs[0], kind)
    x = inputs[0] if dtype_of(inputs[0]) == "float32" else builder.emit(relax.op.astype(inputs[0], "float32"))
    if kind == ir.DataType.BFLOAT16:
        return builder.emit_te(encoded_bfloat16, x, primfunc_name_hint="encode")
    if kind == ir.DataType.FLOAT8E8M0:
        mode = attributes.get("round_mode", "up")
        return builder.emit_te(lambda t: encoded_power(t, mode, saturate), x, primfunc_name_hint="encode")
    form = FORMS[kind.name]
    return builder.emit_te(lambda t: encoded(t, form, saturate), x, primfunc_name_hint="encode")


def _floats(builder: relax.BlockBuilder, x: relax.Expr, kind: ir.DataType) -> relax.Expr:
    if kind == ir.DataType.BFLOAT16:
        return builder.emit_te(decoded_bfloat16, x, primfunc_name_hint="decode")
    codes = 1 << (4 if kind == ir.DataType.FLOAT4E2M1 else 8)
    table = np.arange(codes, dtype=np.uint8).view(kind.numpy()).astype(np.float32)
    places = builder.emit(relax.op.astype(x, "int32"))
    flat = builder.emit(relax.op.reshape(places, (-1,)))
    return relax.op.reshape(builder.emit(relax.op.take(relax.const(table), flat, axis=0)), shape_of(x))


def _wrapped(builder: relax.BlockBuilder, x: relax.Expr, kind: ir.DataType) -> relax.Expr:
    """The low bits of a whole number, as a byte that holds the same number."""
    dtype, (low, high) = storage(kind).name, WHOLE[kind]
    if dtype_of(x) != dtype:
        x = _cast(builder, x, dtype)
    bits = builder.emit(relax.op.bitwise_and(x, relax.const(high - low, dtype)))
    if not kind.is_signed():
        return bits
    half = relax.const(-low, dtype)
    return relax.op.subtract(builder.emit(relax.op.bitwise_xor(bits, half)), half)


def _cast(builder: relax.BlockBuilder, x: relax.Expr, dtype: str) -> relax.Expr:
    """As the importer casts: floats beyond the range of whole numbers wrap around."""
    return builder.emit(Cast._impl_v13(builder, [x], {"to": dtype}, {}))


def _name(kind: int) -> str:
    return np.dtype(helper.tensor_dtype_to_np_dtype(kind)).name
