"""Layout rules of the two-dimensional convolution and its transpose."""

from __future__ import annotations

import numpy as np
from tvm import relax

from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.compute import conv2d as compute
from neo_compiler.lower.compute.conv2d import Window
from neo_compiler.lower.compute.layout import pad
from neo_compiler.lower.compute.transposed import Phases, phase_weights, shuffle
from neo_compiler.lower.values import Array, array_of, integers, is_constant, shape_of

# A grouped convolution whose groups do not fill blocks is computed as one dense convolution with zeros
# outside the groups: up to this many times the arithmetic, but on the fast path.
_DENSE_GROUPS = 8


def conv2d(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """A convolution with constant weights, in NCHW; others keep their layout."""
    data, weight = call.args
    if not is_constant(weight) or str(call.attrs.data_layout) != "NCHW":
        return None
    taps, groups = array_of(weight), int(call.attrs.groups)
    window = Window(
        integers(call.attrs.strides),  # type: ignore[arg-type]
        integers(call.attrs.padding),  # type: ignore[arg-type]
        integers(call.attrs.dilation),  # type: ignore[arg-type]
    )
    channels = shape_of(data)[1]
    if groups == channels == len(taps) and groups > 1:
        return _depthwise(layouts, data, taps, window)
    if groups > 1 and not _fills_blocks(taps, groups, layouts.block):
        if groups > _DENSE_GROUPS:
            return None
        taps, groups = _ungrouped(taps, groups), 1
    return _direct(layouts, data, taps, window, groups)


def conv2d_transpose(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """A transposed convolution with constant weights, undilated and ungrouped."""
    data, weight = call.args
    layout = str(call.attrs.data_layout), str(call.attrs.kernel_layout)
    if not is_constant(weight) or layout != ("NCHW", "IOHW") or int(call.attrs.groups) > 1:
        return None
    if integers(call.attrs.dilation) != (1, 1):
        return None
    taps, size = array_of(weight), shape_of(call)[2:]
    strides, (top, left, *_) = integers(call.attrs.strides), integers(call.attrs.padding)
    outputs, block = taps.shape[1], layouts.block
    channels = outputs if outputs < block else -(-outputs // block) * block
    phases = Phases(strides, (top, left), channels)  # type: ignore[arg-type]
    weights = phase_weights(taps, phases)
    window = Window((1, 1), _reach(shape_of(data)[2:], size, weights.shape[2:], phases), (1, 1))
    found = _direct(layouts, data, weights, window, 1)
    lanes = min(block, channels)
    return Blocked(layouts.emit(shuffle, found.expr, phases=phases, size=size, block=lanes), outputs)


def _reach(
    source: tuple[int, ...], size: tuple[int, ...], taps: tuple[int, ...], phases: Phases
) -> tuple[int, int, int, int]:
    """The padding with which the phases' convolution covers every output of the transposed one."""
    bottom, right = (
        max(0, (extent - 1 + before) // step - (have - 1))
        for have, extent, before, step in zip(source, size, phases.padding, phases.strides, strict=True)
    )
    return taps[0] - 1, taps[1] - 1, bottom, right


def _direct(layouts: Layouts, data: relax.Expr, taps: Array, window: Window, groups: int) -> Blocked:
    value = layouts.pack(data)
    packed = compute.pack_weight(taps, value.block, layouts.block)
    source = padded(layouts, value, window.padding)
    result = layouts.emit(compute.conv2d, source, relax.const(packed), window=window, groups=groups)
    return Blocked(result, len(taps))


def _depthwise(layouts: Layouts, data: relax.Expr, taps: Array, window: Window) -> Blocked:
    value = layouts.pack(data)
    packed = compute.pack_depthwise_weight(taps, value.block)
    source = padded(layouts, value, window.padding)
    result = layouts.emit(compute.depthwise, source, relax.const(packed), window=window)
    return Blocked(result, len(taps))


def padded(layouts: Layouts, value: Blocked, padding: tuple[int, ...], fill: float = 0.0) -> relax.Expr:
    """The blocked value with (top, left, bottom, right) borders of `fill`."""
    if not any(padding):
        return value.expr
    return layouts.emit(pad, value.expr, before=padding[:2], after=padding[2:], fill=fill)


def _fills_blocks(taps: Array, groups: int, block: int) -> bool:
    return taps.shape[1] % block == 0 and (len(taps) // groups) % block == 0


def _ungrouped(taps: Array, groups: int) -> Array:
    out_channels, per_group, *size = taps.shape
    dense = np.zeros((out_channels, per_group * groups, *size), taps.dtype)
    for group, rows in enumerate(np.split(np.arange(out_channels), groups)):
        dense[rows, group * per_group : (group + 1) * per_group] = taps[rows]
    return dense
