"""Layout rules of the two-dimensional convolution and its transpose."""

from __future__ import annotations

from dataclasses import replace

from tvm import relax

from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.blocked.winograd import winograd_tile
from neo_compiler.lower.compute import conv2d as compute
from neo_compiler.lower.compute.conv2d import Window
from neo_compiler.lower.compute.layout import pad, spread
from neo_compiler.lower.compute.transposed import Phases, phase_weights, shuffle
from neo_compiler.lower.compute.winograd import TAPS, transforms, winograd
from neo_compiler.lower.values import Array, array_of, integers, is_constant, shape_of

# Groups that do not fill blocks are filled up with zeros; many small groups would be mostly zeros.
_MOST_GROUPS = 16
# An odd number of so many output blocks is made even: two blocks then share what they read.
_MANY_BLOCKS = 32


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
    if groups > _MOST_GROUPS and not _fills_blocks(taps, groups, layouts.block):
        return None
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
    if groups > 1:
        return _grouped(layouts, data, taps, window, groups)
    value, outputs = layouts.pack(data), len(taps)
    taps = spread(value.spread(taps, 1), 0, layouts.block)
    tile = _winograd_tile(layouts, value, taps, window)
    if tile is not None:
        return Blocked(_winograd(layouts, data, taps, window, tile), outputs)
    source, window = _bordered(layouts, data, value, window)
    even = spread(taps, 0, 2 * layouts.block) if len(taps) >= _MANY_BLOCKS * layouts.block else taps
    packed = relax.const(compute.pack_weight(even, value.block, layouts.block))
    result = layouts.emit(compute.conv2d, source, packed, window=window)
    if len(even) > len(taps):
        result = layouts.emit(compute.trim, result, blocks=len(taps) // layouts.block)
    return Blocked(result, outputs)


def _grouped(layouts: Layouts, data: relax.Expr, taps: Array, window: Window, groups: int) -> Blocked:
    """Groups that do not fill blocks start new ones in the output; each input channel is read by itself."""
    outputs, per_group = taps.shape[:2]
    fills, block = _fills_blocks(taps, groups, layouts.block), layouts.block
    held = layouts.held(data)
    value = held if held and held.groups == groups and not fills else layouts.pack(data, 1)
    inner, runs = (value.block, 1) if fills else (1, groups)
    stride = per_group if value.groups == 1 else -(-per_group // value.block) * value.block
    if fills:
        source, window = _bordered(layouts, data, value, window)
    else:  # single channels are not the whole vectors that a border is copied in
        source = padded(layouts, value, window.padding)
        window = replace(window, padding=(0, 0, 0, 0))
    packed = relax.const(compute.pack_weight(spread(taps, 0, block, runs), inner, block))
    result = layouts.emit(compute.conv2d, source, packed, window=window, groups=groups, stride=stride)
    return Blocked(result, outputs, runs)


def _winograd_tile(layouts: Layouts, value: Blocked, taps: Array, window: Window) -> int | None:
    return (
        winograd_tile(taps, window, _size(value, window), layouts.target)
        if value.block == layouts.block
        else None
    )


def _winograd(layouts: Layouts, data: relax.Expr, taps: Array, window: Window, tile: int) -> relax.Expr:
    value, of = layouts.pack(data), transforms(tile)
    (_, _, height, width), size = value.shape, _size(value, window)
    wider = replace(window, padding=of.padding((height, width), size, window.padding[:2]))
    source, wider = _bordered(layouts, data, value, wider)
    packed = relax.const(of.pack_weight(taps, value.block, layouts.block))
    return layouts.emit(winograd, source, packed, size=size, padding=wider.padding)


def _size(value: Blocked, window: Window) -> tuple[int, int]:
    _, _, height, width = value.shape
    top, left, bottom, right = window.padding
    return window.output((height + top + bottom, width + left + right), (TAPS, TAPS))


def _depthwise(layouts: Layouts, data: relax.Expr, taps: Array, window: Window) -> Blocked:
    value = layouts.pack(data)
    packed = compute.pack_depthwise_weight(value.spread(taps, 0), value.block)
    source, window = _bordered(layouts, data, value, window)
    result = layouts.emit(compute.depthwise, source, relax.const(packed), window=window)
    return replace(value, expr=result)


def _bordered(
    layouts: Layouts, data: relax.Expr, value: Blocked, window: Window
) -> tuple[relax.Expr, Window]:
    """The convolution's source, and the window that is left to do on it.

    A value that nobody else reads is padded by the kernel that writes it. Another one stays as it is, and the
    convolution copies the rows that it works on into a buffer with a border.
    """
    if data not in layouts.used_once or layouts.definition(data, "relax.concat") is not None:
        return value.expr, window
    return padded(layouts, value, window.padding), replace(window, padding=(0, 0, 0, 0))


def padded(layouts: Layouts, value: Blocked, padding: tuple[int, ...], fill: float = 0.0) -> relax.Expr:
    """The blocked value with (top, left, bottom, right) borders of `fill`."""
    if not any(padding):
        return value.expr
    return layouts.emit(pad, value.expr, before=padding[:2], after=padding[2:], fill=fill)


def _fills_blocks(taps: Array, groups: int, block: int) -> bool:
    return taps.shape[1] % block == 0 and (len(taps) // groups) % block == 0
