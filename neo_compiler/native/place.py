"""Buffers to places: results in the caller's memory, parts inside what they join, the rest in the arena."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from neo_compiler.lower.compute.layout import CONCAT
from neo_compiler.native.memory import ALIGNMENT, Lifetime, assign_offsets
from neo_compiler.native.plan import Fill, Placed, Step, Where
from neo_compiler.native.size import Linear, OpenDimension, most_elements


@dataclass(frozen=True)
class Draft:
    """A program whose intermediates are still numbered buffers: their tensors are ARENA with `index` set."""

    tensors: tuple[Placed, ...]
    steps: tuple[Step, ...]
    results: tuple[int, ...]
    dimensions: tuple[OpenDimension, ...] = ()
    fills: tuple[Fill, ...] = ()

    def bytes_of(self, tensor: Placed) -> int:
        """The most bytes that a tensor's elements take."""
        return most_elements(tensor.shape, self.dimensions) * np.dtype(tensor.dtype).itemsize


@dataclass(frozen=True)
class _Part:
    """A buffer that lies inside another one."""

    whole: int
    offset: int


def place(draft: Draft) -> tuple[Draft, int]:
    """The draft with every tensor at its final place, and the arena's size in bytes."""
    steps, parts = _join(draft)
    roots = {
        tensor.index: _root(tensor.index, parts) for tensor in draft.tensors if tensor.where is Where.ARENA
    }
    outputs: dict[int, int] = {}
    for number, position in enumerate(draft.results):
        tensor = draft.tensors[position]
        if tensor.where is Where.ARENA and tensor.index not in parts:
            outputs.setdefault(tensor.index, number)
    lifetimes = _lifetimes(draft, steps, roots)
    buffers = [buffer for buffer in lifetimes if buffer not in outputs]
    offsets, size = assign_offsets([lifetimes[buffer] for buffer in buffers])
    arena = dict(zip(buffers, offsets, strict=True))

    def settle(tensor: Placed) -> Placed:
        if tensor.where is not Where.ARENA:
            return tensor
        root, offset = roots[tensor.index]
        if root in outputs:
            return replace(tensor, where=Where.OUTPUT, index=outputs[root], offset=offset)
        return replace(tensor, index=0, offset=arena.get(root, 0) + offset)

    return replace(draft, tensors=tuple(map(settle, draft.tensors)), steps=steps), size


def _join(draft: Draft) -> tuple[tuple[Step, ...], dict[int, _Part]]:
    """Let concatenations vanish: operands that fill a buffer of their own are computed in place."""
    kept, parts = [], dict[int, _Part]()
    results = {tensor.index for tensor in map(draft.tensors.__getitem__, draft.results)}
    for step in draft.steps:
        found = _concat_parts(draft, step, results | parts.keys())
        if found:
            parts.update(found)
        else:
            kept.append(step)
    return tuple(kept), parts


def _concat_parts(draft: Draft, step: Step, taken: Iterable[int]) -> dict[int, _Part] | None:
    if step.kernel.rstrip("0123456789") != CONCAT:
        return None
    *operands, whole = (draft.tensors[position] for position in step.args)
    parts, offset = {}, 0
    for operand in operands:
        if operand.where is not Where.ARENA or operand.index in taken or operand.index in parts:
            return None
        if operand.shape[0] != 1 or offset % ALIGNMENT:
            return None
        if any(isinstance(size, Linear) for size in operand.shape):  # the next one's place would vary
            return None
        parts[operand.index] = _Part(whole.index, offset)
        offset += draft.bytes_of(operand)
    return parts


def _root(buffer: int, parts: dict[int, _Part]) -> tuple[int, int]:
    offset = 0
    while buffer in parts:
        offset += parts[buffer].offset
        buffer = parts[buffer].whole
    return buffer, offset


def _lifetimes(
    draft: Draft, steps: tuple[Step, ...], roots: dict[int, tuple[int, int]]
) -> dict[int, Lifetime]:
    """From the first to the last step that touches a root buffer or a part of it."""
    spans: dict[int, tuple[int, int]] = {}
    sizes = Counter[int]()
    for tensor in draft.tensors:
        if tensor.where is Where.ARENA:
            root, offset = roots[tensor.index]
            sizes[root] = max(sizes[root], offset + draft.bytes_of(tensor))
    for number, step in enumerate(steps):
        for position in step.args:
            tensor = draft.tensors[position]
            if tensor.where is Where.ARENA:
                root, _ = roots[tensor.index]
                spans[root] = spans.get(root, (number, number))[0], number
    for fill in draft.fills:
        root, _ = roots[draft.tensors[fill.tensor].index]
        if root in spans:
            spans[root] = 0, spans[root][1]
    # A result that no output buffer holds is copied after the last step.
    for position in draft.results:
        tensor = draft.tensors[position]
        if tensor.where is Where.ARENA and (root := roots[tensor.index][0]) in spans:
            spans[root] = spans[root][0], len(steps)
    return {root: Lifetime(sizes[root], *span) for root, span in spans.items()}
