"""Layout rules of operators that only move values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from tvm import relax, topi

from neo_compiler.lower.blocked.convolution import padded
from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.compute import layout as compute
from neo_compiler.lower.compute.resize import upsample
from neo_compiler.lower.values import array_of, integers, is_constant, shape_of

# So much of the blocks must be filled where each part of a concatenation starts a new one.
_FILLED = 0.75


def concat(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """Concatenation along the channels, where every part but the last fills its blocks.

    Parts of one size that nearly fill theirs become groups. One value all over is appended by a copy.
    """
    if not isinstance(call.args[0], relax.Tuple) or int(call.attrs.axis) != 1:
        return None
    fields = call.args[0].fields
    held = [layouts.held(field) for field in fields]
    parts = [value for value in held if value is not None]
    if len(parts) < len(held):
        return _with_constant(layouts, fields)
    if len({value.block for value in parts}) > 1 or any(value.groups > 1 for value in parts):
        return None
    groups = len(parts) if any(value.filled for value in parts[:-1]) else 1
    if groups > 1 and not _nearly_fill(layouts, parts):
        return None
    result = layouts.emit(compute.concat, *[value.expr for value in parts])
    return Blocked(result, sum(value.channels for value in parts), groups)


def _nearly_fill(layouts: Layouts, parts: Sequence[Blocked]) -> bool:
    lanes = shape_of(parts[0].expr)[1] * parts[0].block
    same = len({value.channels for value in parts}) == 1
    return same and parts[0].block == layouts.block and parts[0].channels >= _FILLED * lanes


def _with_constant(layouts: Layouts, fields: Sequence[relax.Expr]) -> Blocked | None:
    first, *others = fields
    value = layouts.held(first)
    if value is None or len(others) != 1 or not is_constant(others[0]):
        return None
    constant = array_of(others[0])
    if constant.size == 0 or np.any(constant != constant.flat[0]):
        return None
    return _widened(layouts, value, constant.shape[1], float(constant.flat[0]))


def _widened(layouts: Layouts, value: Blocked, more: int, fill: float) -> Blocked | None:
    """The value with so many channels of `fill` behind its own."""
    if value.groups > 1 or value.block != layouts.block or not math.isfinite(fill):
        return None
    options = {"channels": value.channels, "more": more, "fill": fill}
    return Blocked(layouts.emit(compute.widen, value.expr, **options), value.channels + more)


def pad(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """A border of one value around height and width, and channels of it behind the others."""
    value = layouts.held(call.args[0])
    widths, fill = integers(call.attrs.pad_width), float(call.attrs.pad_value)
    if value is None or str(call.attrs.pad_mode) != "constant" or len(widths) != 8 or min(widths) < 0:
        return None
    batch, batch_end, before, more, top, bottom, left, right = widths
    if batch or batch_end or before or not math.isfinite(fill):
        return None
    wider = _widened(layouts, value, more, fill) if more else value
    if wider is None:
        return None
    around = padded(layouts, wider, (top, left, bottom, right), fill)
    return Blocked(around, wider.channels, wider.groups)


def resize2d(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """Height and width resized by any method; where every value is repeated, without computing places."""
    value = layouts.held(call.args[0])
    if value is None or str(call.attrs.layout) != "NCHW":
        return None
    size, before = shape_of(call)[2:], value.shape[2:]
    whole = all(after % extent == 0 for after, extent in zip(size, before, strict=True))
    if whole and _repeats(call):
        factors = size[0] // before[0], size[1] // before[1]
        return Blocked(layouts.emit(upsample, value.expr, factors=factors), value.channels, value.groups)
    resized = layouts.emit(
        topi.image.resize2d,
        value.expr,
        roi=[float(edge) for edge in call.attrs.roi],
        size=size,
        layout=f"NCHW{value.block}c",
        method=str(call.attrs.method),
        coordinate_transformation_mode=str(call.attrs.coordinate_transformation_mode),
        rounding_method=str(call.attrs.rounding_method),
        bicubic_alpha=float(call.attrs.cubic_alpha),
        bicubic_exclude=int(call.attrs.cubic_exclude),
        extrapolation_value=float(call.attrs.extrapolation_value),
    )
    return Blocked(resized, value.channels, value.groups)


def _repeats(call: relax.Call) -> bool:
    """Whether a resize to a multiple takes the nearest value such that each is repeated equally often."""
    if str(call.attrs.method) != "nearest_neighbor":
        return False
    mode, rounding = str(call.attrs.coordinate_transformation_mode), str(call.attrs.rounding_method)
    return (mode, rounding) in _REPEATING


_REPEATING = {
    ("asymmetric", "floor"),
    ("half_pixel", "round"),
    ("half_pixel", "round_prefer_floor"),
    ("half_pixel", "round_prefer_ceil"),
}


def shuffle(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """The reshape that ends a shuffle of channels: parts of them were transposed with what is in a part."""
    turned = layouts.definition(call.args[0], "relax.permute_dims")
    if turned is None or integers(turned.attrs.axes) != (0, 2, 1, 3, 4):
        return None
    split = layouts.definition(turned.args[0], "relax.reshape")
    value = None if split is None else layouts.held(split.args[0])
    if value is None or value.shape != shape_of(call):
        return None
    parts = shape_of(turned)[2]
    if value.block != layouts.block or value.block % parts or value.groups not in (1, parts):
        return None
    options = {"channels": value.channels, "parts": parts, "groups": value.groups}
    return Blocked(layouts.emit(compute.shuffle_channels, value.expr, **options), value.channels)
