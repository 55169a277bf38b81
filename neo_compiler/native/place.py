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

_NOWHERE = -1


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
    parts |= _overwritten(draft, steps, parts)
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


def _overwritten(draft: Draft, steps: tuple[Step, ...], parts: dict[int, _Part]) -> dict[int, _Part]:
    """Results that take over the place of an argument which no later step reads.

    A kernel is compiled once: in each of its steps it writes over the same argument, or in none.
    """
    refused: set[tuple[str, int]] = set()
    while True:
        chosen, found = _choose(draft, steps, parts, refused)
        places: dict[str, set[int]] = {}
        for number, step in enumerate(steps):
            places.setdefault(step.kernel, set()).add(chosen.get(number, _NOWHERE))
        torn = {(kernel, min(rows - {_NOWHERE})) for kernel, rows in places.items() if len(rows) > 1}
        if not torn:
            return found
        refused |= torn


def _choose(
    draft: Draft, steps: tuple[Step, ...], parts: dict[int, _Part], refused: set[tuple[str, int]]
) -> tuple[dict[int, int], dict[int, _Part]]:
    """The first argument that each step may write over, and where its result lies then."""
    chosen: dict[int, int] = {}
    found: dict[int, _Part] = {}
    last = _last_uses(draft, steps, parts)
    for number, step in enumerate(steps):
        result = draft.tensors[step.args[-1]].index
        for place in step.overwritable:
            tensor = draft.tensors[step.args[place]]
            if tensor.where is not Where.ARENA or result in parts or last[result] == len(steps):
                continue
            root, _ = _root(tensor.index, parts | found)
            if (step.kernel, place) in refused or last[root] != number:
                continue
            if not _is_shared(draft, step, place, parts | found):
                chosen[number], found[result] = place, _Part(tensor.index, 0)
                last[root] = last[result]
                break
    return chosen, found


def _last_uses(draft: Draft, steps: tuple[Step, ...], parts: dict[int, _Part]) -> dict[int, int]:
    """The last step that touches each root buffer; results are used after all steps."""
    uses = [(number, position) for number, step in enumerate(steps) for position in step.args]
    uses += [(len(steps), position) for position in draft.results]
    tensors = [(number, draft.tensors[position]) for number, position in uses]
    return {_root(row.index, parts)[0]: number for number, row in tensors if row.where is Where.ARENA}


def _is_shared(draft: Draft, step: Step, place: int, parts: dict[int, _Part]) -> bool:
    """Whether the step reads the argument's buffer as another argument, too, which it may not overwrite."""
    others = [
        draft.tensors[position]
        for other, position in enumerate(step.args)
        if other != place and not (other in step.overwritable and position == step.args[place])
    ]
    root, _ = _root(draft.tensors[step.args[place]].index, parts)
    return any(row.where is Where.ARENA and _root(row.index, parts)[0] == root for row in others)


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
