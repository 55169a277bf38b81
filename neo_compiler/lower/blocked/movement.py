"""Layout rules of operators that only move values."""

from __future__ import annotations

from tvm import relax

from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.compute import layout as compute


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
