"""What moves values or gives them another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from onnx import numpy_helper
from torch.nn import functional

from benchmarks.gpu.onnx_torch.node import Call, Node, Unsupported


def reshape(row: Node) -> Call:
    shape = row.known(1)

    def call(v: Sequence[Any]) -> Any:
        return v[0].reshape([v[0].shape[i] if size == 0 else size for i, size in enumerate(shape)])

    return call


def axes_of(row: Node) -> list[int] | None:
    axes = row.get("axes", row.known(1))
    return None if axes is None else list(np.atleast_1d(axes))


def squeeze(row: Node) -> Call:
    axes = axes_of(row)
    return lambda v: v[0].squeeze() if axes is None else v[0].squeeze(tuple(axes))


def unsqueeze(row: Node) -> Call:
    axes = axes_of(row) or []

    def call(v: Sequence[Any]) -> Any:
        rank = v[0].ndim + len(axes)
        value = v[0]
        for axis in sorted(one % rank for one in axes):
            value = value.unsqueeze(axis)
        return value

    return call


def slice_(row: Node) -> Call:
    starts, ends = row.known(1), row.known(2)
    axes, steps = row.known(3, list(range(len(starts)))), row.known(4, [1] * len(starts))

    def call(v: Sequence[Any]) -> Any:
        value = v[0]
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            chosen = range(*slice(start, end if end > -(2**31) else None, step).indices(value.shape[axis]))
            if step > 0:
                at = [slice(None)] * (axis % value.ndim) + [slice(chosen.start, chosen.stop, step)]
                value = value[tuple(at)]
            else:
                value = value.index_select(axis, torch.tensor(list(chosen), device=value.device))
        return value

    return call


def pad(row: Node) -> Call:
    pads, value = row.known(1) or row.get("pads"), row.known(2, 0)
    rank = len(pads) // 2
    if row.known(3) is not None:
        raise Unsupported("Pad with axes")
    mode = {b"constant": "constant", b"reflect": "reflect", b"edge": "replicate"}[
        row.get("mode", b"constant")
    ]
    sizes = [size for axis in reversed(range(rank)) for size in (pads[axis], pads[rank + axis])]
    if mode == "constant":
        return lambda v: functional.pad(v[0], sizes, value=np.asarray(value).item())

    def reflect(v: Sequence[Any]) -> Any:  # PyTorch pads the last axes alone
        x = v[0] if v[0].ndim > 1 else v[0][None]
        return functional.pad(x, sizes[: 2 * (x.ndim - 1)], mode=mode).reshape(
            [size + pads[i] + pads[rank + i] for i, size in enumerate(v[0].shape)]
        )

    return reflect


def gather(row: Node) -> Call:
    axis, known = row.get("axis", 0), row.known(1)

    def call(v: Sequence[Any]) -> Any:
        if isinstance(known, int):
            return v[0].select(axis, known)
        index = v[1].long()
        index = torch.where(index < 0, index + v[0].shape[axis], index)
        found = v[0].index_select(axis, index.reshape(-1))
        place = axis % v[0].ndim
        return found.reshape([*v[0].shape[:place], *index.shape, *v[0].shape[place + 1 :]])

    return call


def gather_nd(row: Node) -> Call:
    if row.get("batch_dims", 0):
        raise Unsupported("GatherND with batches")
    return lambda v: v[0][tuple(v[1].long().unbind(-1))]


def split(row: Node) -> Call:
    axis, sizes = row.get("axis", 0), row.known(1)
    parts = len(row.node.output)
    return lambda v: (
        torch.split(v[0], sizes, axis) if sizes else torch.split(v[0], -(-v[0].shape[axis] // parts), axis)
    )


def transpose(row: Node) -> Call:
    order = row.get("perm")
    return lambda v: v[0].permute(order if order else tuple(reversed(range(v[0].ndim))))


def concat(row: Node) -> Call:
    axis = row.get("axis")
    return lambda v: torch.cat(list(v), axis)


def resize(row: Node) -> Call:
    if row.get("mode", b"nearest") != b"nearest" or row.known(2) is None:
        raise Unsupported("Resize of this kind")
    scales = row.known(2)[2:]
    return lambda v: functional.interpolate(v[0], scale_factor=scales, mode="nearest")


def constant_of_shape(row: Node) -> Call:
    value = row.get("value")
    filled = numpy_helper.to_array(value) if value is not None else np.zeros(1, np.float32)
    made = torch.from_numpy(np.full(row.known(0), filled.item(), filled.dtype))
    return lambda _: made
