"""Programs drafted for several sizes → one whose tensors have the sizes of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neo_compiler.native.extract import Drafted
from neo_compiler.native.memory import aligned
from neo_compiler.native.plan import Fill, Placed, Step, Where
from neo_compiler.native.size import Extent, Linear, OpenDimension
from neo_compiler.symbolic.constants import MOST_COMPUTED, begins
from neo_compiler.symbolic.points import NotGeneral, Points

Array = NDArray[np.generic]
Constant = Array | tuple[Extent, ...]

COMPUTED = frozenset({"int32", "int64", "float32"})


@dataclass(frozen=True)
class Bounds:
    """The smallest and the largest size of an open dimension."""

    low: int
    high: int


def generalise(
    drafts: Sequence[Drafted], points: Points, bounds: Sequence[Bounds], sized: frozenset[str]
) -> Drafted:
    """One program for those of all points; the kernels `sized` take the sizes as further arguments.

    Constants that grow with a size, such as numbered positions, are kept at their largest; at other sizes
    their first values are read. Raises NotGeneral.
    """
    first = drafts[0]
    for other in drafts[1:]:
        if (other.inputs, other.draft.steps, other.draft.results) != (
            first.inputs,
            first.draft.steps,
            first.draft.results,
        ):
            raise NotGeneral("the model takes other steps at other sizes")
    if len({len(row.draft.tensors) for row in drafts}) > 1 or len({len(row.params) for row in drafts}) > 1:
        raise NotGeneral("the model has other tensors at other sizes")
    constants = [
        _constant([array for _, array in rows], points)
        for rows in zip(*(row.params for row in drafts), strict=True)
    ]
    buffers = max((row.index for row in first.draft.tensors if row.where is Where.ARENA), default=0)
    params, places, size = _placed(constants, buffers + 1)
    numbers = [{offset: number for number, (offset, _) in enumerate(row.params)} for row in drafts]
    tensors = tuple(
        _tensor(rows, numbers, places, points)
        for rows in zip(*(row.draft.tensors for row in drafts), strict=True)
    )
    fills = tuple(_fills(constants, places, tensors))
    dimensions = tuple(_dimension(number, tensors, points, bounds) for number in range(len(points.names)))
    steps = tuple(_sized(step, step.kernel in sized) for step in first.draft.steps)
    draft = replace(first.draft, tensors=tensors, steps=steps, dimensions=dimensions, fills=fills)
    return Drafted(draft, first.inputs, params, size)


def _sized(step: Step, sized: bool) -> Step:
    return replace(step, sized=sized)


def _tensor(
    rows: Sequence[Placed], numbers: Sequence[dict[int, int]], places: Sequence[Placed], points: Points
) -> Placed:
    first = rows[0]
    if len({(row.where, row.dtype, row.index, len(row.shape)) for row in rows}) > 1:
        raise NotGeneral("a tensor is of another kind at other sizes")
    shape = tuple(
        points.fit([_number(size) for size in sizes], "the size of a tensor")
        for sizes in zip(*(row.shape for row in rows), strict=True)
    )
    if first.where is not Where.PARAMS:
        return replace(first, shape=shape)
    constants = {number[row.offset] for row, number in zip(rows, numbers, strict=True)}
    if len(constants) > 1:
        raise NotGeneral("a constant is another one at other sizes")
    return replace(places[constants.pop()], dtype=first.dtype, shape=shape)


def _number(size: Extent) -> int:
    if isinstance(size, Linear):
        raise TypeError("the drafts are of fixed sizes")
    return size


def _placed(
    constants: Sequence[Constant], buffer: int
) -> tuple[tuple[tuple[int, Array], ...], list[Placed], int]:
    """Values at their offsets, where each constant is, and the bytes of all values.

    Constants that are computed from the sizes get buffers of their own, numbered from `buffer`.
    """
    params: list[tuple[int, Array]] = []
    places: list[Placed] = []
    offset = 0
    for constant in constants:
        if isinstance(constant, tuple):
            places.append(Placed(Where.ARENA, "", (), buffer + len(places)))
            continue
        places.append(Placed(Where.PARAMS, "", (), 0, offset))
        params.append((offset, constant))
        offset += aligned(constant.nbytes)
    return tuple(params), places, offset


def _fills(
    constants: Sequence[Constant], places: Sequence[Placed], tensors: Sequence[Placed]
) -> Iterator[Fill]:
    for constant, place in zip(constants, places, strict=True):
        if isinstance(constant, tuple):
            where = (place.where, place.index)
            number = next(n for n, row in enumerate(tensors) if (row.where, row.index) == where)
            yield Fill(number, constant)


def _constant(arrays: Sequence[Array], points: Points) -> Constant:
    """The constant at the largest sizes, or what computes it from the sizes.

    Raises NotGeneral where the others are not its beginning.
    """
    largest = arrays[-1]
    if any(array.ndim != largest.ndim or array.dtype != largest.dtype for array in arrays):
        raise NotGeneral("a constant has another rank at other sizes")
    if all(begins(largest, array) for array in arrays):
        return largest
    if largest.size > MOST_COMPUTED or any(array.shape != largest.shape for array in arrays):
        raise NotGeneral(
            f"a constant of shape {list(largest.shape)} does not begin as the one of {list(arrays[0].shape)}"
        )
    if largest.dtype.name not in COMPUTED or any((array != np.floor(array)).any() for array in arrays):
        raise NotGeneral(f"a constant of {largest.dtype} has other values at other sizes")
    rows = zip(*(array.reshape(-1).tolist() for array in arrays), strict=True)
    return tuple(points.fit([int(value) for value in values], "a constant") for values in rows)


def _dimension(
    number: int, tensors: Sequence[Placed], points: Points, bounds: Sequence[Bounds]
) -> OpenDimension:
    wanted = Linear(0, tuple(int(place == number) for place in range(len(points.names))))
    for tensor in tensors:
        if tensor.where is Where.INPUT and wanted in tensor.shape:
            axis = tensor.shape.index(wanted)
            return OpenDimension(
                points.names[number], bounds[number].low, bounds[number].high, tensor.index, axis
            )
    raise NotGeneral(f"no input has the dimension {points.names[number]!r}")
