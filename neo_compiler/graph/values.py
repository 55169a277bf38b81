"""Questions that several passes ask of a graph's values."""

from __future__ import annotations

import onnx_ir as ir


def is_static(value: ir.Value) -> bool:
    """Whether every dimension of `value` is a known number."""
    return value.shape is not None and all(isinstance(size, int) for size in value.shape)


def spec(value: ir.Value) -> str:
    """A value as text: `x float32[N,3,224,224]`, with `?` for what is not known."""
    dtype = value.dtype.numpy().name if value.dtype is not None else "?"
    if value.shape is None:
        return f"{value.name} {dtype}[unknown rank]"
    sizes = (size.value or "?" if isinstance(size, ir.SymbolicDim) else str(size) for size in value.shape)
    return f"{value.name} {dtype}[{','.join(sizes)}]"
