"""Element types that neither numpy nor native code has: what computes in their place, what stores them."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

FLOATS = frozenset(
    {
        ir.DataType.BFLOAT16,
        ir.DataType.FLOAT8E4M3FN,
        ir.DataType.FLOAT8E4M3FNUZ,
        ir.DataType.FLOAT8E5M2,
        ir.DataType.FLOAT8E5M2FNUZ,
        ir.DataType.FLOAT8E8M0,
        ir.DataType.FLOAT4E2M1,
    }
)
# The range of each.
WHOLE = {
    ir.DataType.INT2: (-2, 1),
    ir.DataType.UINT2: (0, 3),
    ir.DataType.INT4: (-8, 7),
    ir.DataType.UINT4: (0, 15),
}
SMALL = FLOATS | WHOLE.keys()


def wide(kind: ir.DataType) -> ir.DataType:
    """A type that holds all values of a small one and is computed with."""
    if kind in FLOATS:
        return ir.DataType.FLOAT
    return ir.DataType.INT8 if kind.is_signed() else ir.DataType.UINT8


def storage(kind: ir.DataType) -> np.dtype[np.generic]:
    """How arrays of a small type pass in and out of a model: floats as their bits, whole numbers as bytes."""
    if kind == ir.DataType.BFLOAT16:
        return np.dtype(np.uint16)
    return np.dtype(np.uint8 if kind in FLOATS else wide(kind).numpy())


def stored(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array as it passes in and out of a model; of a type that numpy has, itself."""
    kind = _small(array)
    if kind is None:
        return array
    return array.view(storage(kind)) if kind in FLOATS else array.astype(storage(kind))


def restored(array: NDArray[np.generic], like: NDArray[np.generic]) -> NDArray[np.generic]:
    """What `stored` was given, of the type of `like`."""
    kind = _small(like)
    if kind is None or array.dtype != storage(kind):
        return array
    return array.view(like.dtype) if kind in FLOATS else array.astype(like.dtype)


def widened(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The same values in a type that numpy computes with."""
    kind = _small(array)
    return array if kind is None else array.astype(wide(kind).numpy())


def _small(array: NDArray[np.generic]) -> ir.DataType | None:
    if array.dtype.isbuiltin == 1:
        return None
    try:
        kind = ir.DataType.from_numpy(array.dtype)
    except TypeError:
        return None
    return kind if kind in SMALL else None
