"""Layout rules of pooling and of the mean over height and width."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tvm import relax

from neo_compiler.lower.blocked.convolution import padded
from neo_compiler.lower.blocked.layout import Blocked, Layouts
from neo_compiler.lower.compute import pool as compute
from neo_compiler.lower.compute.conv2d import Window
from neo_compiler.lower.values import integers, shape_of

_LOWEST = float(np.finfo(np.float32).min)


def max_pool2d(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """The largest value of each window."""
    value = layouts.held(call.args[0])
    if value is None:
        return None
    kernel, window = _window(call)
    data = padded(layouts, value, window.padding, _LOWEST)
    return replace(value, expr=layouts.emit(compute.max_pool, data, kernel=kernel, window=window))


def avg_pool2d(layouts: Layouts, call: relax.Call) -> Blocked | None:
    """The mean of each window; at the border over what lies inside unless the operator counts padding."""
    value = layouts.held(call.args[0])
    if value is None:
        return None
    kernel, window = _window(call)
    total = layouts.emit(
        compute.sum_pool, padded(layouts, value, window.padding), kernel=kernel, window=window
    )
    counts = _counts(value.shape[2:], kernel, window, bool(call.attrs.count_include_pad), call)
    scale = relax.const((np.float32(1) / counts).astype(np.float32))
    return replace(value, expr=layouts.call(relax.op.multiply(total, scale)))


def global_mean(layouts: Layouts, call: relax.Call) -> Blocked | relax.Expr | None:
    """The mean over height and width."""
    value = layouts.held(call.args[0])
    if value is None or call.attrs.axis is None or sorted(integers(call.attrs.axis)) != [2, 3]:
        return None
    total = layouts.emit(compute.global_sum, value.expr)
    area = value.shape[2] * value.shape[3]
    mean = layouts.call(relax.op.multiply(total, relax.const(np.float32(1 / area))))
    result = replace(value, expr=mean)
    if call.attrs.keepdims:
        return result
    return layouts.call(relax.op.reshape(layouts.unpack(result), shape_of(call)))


def _window(call: relax.Call) -> tuple[tuple[int, int], Window]:
    """Kernel and window; with ceil_mode the bottom and right borders grow until the last window fits."""
    kernel: tuple[int, int] = integers(call.attrs.pool_size)  # type: ignore[assignment]
    strides, dilation = integers(call.attrs.strides), integers(call.attrs.dilation)
    padding = list(integers(call.attrs.padding))
    for axis in range(2):
        size = shape_of(call.args[0])[2 + axis]
        reach = (shape_of(call)[2 + axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilation[axis] + 1
        padding[2 + axis] = max(padding[2 + axis], reach - size - padding[axis])
    return kernel, Window(strides, tuple(padding), dilation)  # type: ignore[arg-type]


def _counts(
    size: tuple[int, ...], kernel: tuple[int, int], window: Window, include_padding: bool, call: relax.Call
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """How many elements each window averages over, shaped (1, 1, OH, OW, 1)."""
    declared, rows = integers(call.attrs.padding), []
    for axis in range(2):
        extent, before = size[axis], window.padding[axis]
        low, high = (-before, extent + declared[2 + axis]) if include_padding else (0, extent)
        starts = np.arange(shape_of(call)[2 + axis]) * window.strides[axis] - before
        taps = starts[:, None] + np.arange(kernel[axis]) * window.dilation[axis]
        rows.append(((taps >= low) & (taps < high)).sum(1))
    return np.multiply.outer(rows[0], rows[1]).reshape(1, 1, len(rows[0]), len(rows[1]), 1).astype(np.float32)
