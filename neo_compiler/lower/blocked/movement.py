"""Layout rules of operators that only move values."""

from __future__ import annotations

from tvm import relax

from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.compute import layout as compute
from neo_compiler.lower.values import integers, shape_of


def concat(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """Concatenation along the channels, where every part but the last fills its blocks."""
    if not isinstance(call.args[0], relax.Tuple) or int(call.attrs.axis) != 1:
        return None
    held = [layouts.held(field) for field in call.args[0].fields]
    parts = [value for value in held if value is not None]
    if len(parts) < len(held) or len({value.block for value in parts}) > 1:
        return None
    if any(value.filled for value in parts[:-1]) or any(value.groups > 1 for value in parts):
        return None

    result = layouts.emit(compute.concat, *[value.expr for value in parts])
    return Blocked(result, sum(value.channels for value in parts))


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
