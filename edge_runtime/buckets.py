"""Which of the compiled sizes a run's arrays belong to, and how they are made to fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from edge_runtime.arrays import aligned_empty
from edge_runtime.errors import ArtifactError, InputError
from edge_runtime.manifest import Bucket, Dimension, Manifest, TensorSpec
from edge_runtime.shapes import bind, holds, range_text, shape_of

if TYPE_CHECKING:
    from edge_runtime.arrays import Array


@dataclass(frozen=True)
class Fit:
    """A run's arrays in the bucket at `place`: `given` are their sizes, `used` those that are computed."""

    place: int
    given: Mapping[str, int]
    used: Mapping[str, int]
    inputs: Sequence[TensorSpec]
    outputs: Sequence[TensorSpec]

    def filled(self, arrays: Sequence[Array]) -> list[Array]:
        """The arrays in the bucket's sizes. What is added repeats the last row, whose values are valid."""
        if self.given == self.used:
            return list(arrays)
        shapes = [shape_of(spec, self.used) for spec in self.inputs]
        return [_filled(array, shape) for array, shape in zip(arrays, shapes, strict=True)]

    def cut(self, arrays: Sequence[Array]) -> list[Array]:
        """What was asked for of the bucket's results."""
        if self.given == self.used:
            return list(arrays)
        shapes = [shape_of(spec, self.given) for spec in self.outputs]
        return [
            array if array.shape == shape else array[tuple(map(slice, shape))].copy(order="C")
            for array, shape in zip(arrays, shapes, strict=True)
        ]


class Selection:
    """The buckets of a manifest. Raises ArtifactError where they contradict it."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        named = {size for spec in manifest.inputs for size in spec.shape if isinstance(size, str)}
        if named != manifest.dimensions.keys():
            raise ArtifactError("manifest.json: the symbolic dimensions are not those of the inputs")
        for number, bucket in enumerate(manifest.buckets):
            _check(manifest, bucket, f"buckets[{number}]")
        self._order = sorted(
            range(len(manifest.buckets)),
            key=lambda number: prod(row.high for row in manifest.buckets[number].dimensions.values()),
        )

    def fit(self, arrays: Sequence[Array]) -> Fit:
        """The smallest bucket that holds the arrays; InputError names what there is where none does."""
        manifest = self._manifest
        given = bind(manifest.inputs, [array.shape for array in arrays])
        for number in self._order:
            used = _used(manifest.buckets[number], given, manifest.dimensions)
            if used is not None:
                return Fit(number, given, used, manifest.inputs, manifest.outputs)
        raise InputError(_refusal(manifest, given))


def _used(
    bucket: Bucket, given: Mapping[str, int], dimensions: Mapping[str, Dimension]
) -> dict[str, int] | None:
    """The sizes to compute with, None where the bucket does not hold those that are given."""
    used = {}
    for name, size in given.items():
        own = bucket.dimensions[name]
        if not holds(dimensions[name], size) or size > own.high:
            return None
        if size < own.low and not dimensions[name].padded:
            return None
        used[name] = max(size, own.low)
    return used


def _refusal(manifest: Manifest, given: Mapping[str, int]) -> str:
    sizes = ", ".join(f"{name} {size}" for name, size in given.items())
    ranges = ", ".join(f"{name} {range_text(row)}" for name, row in manifest.dimensions.items())
    text = f"no code was compiled for {sizes}; this model takes {ranges}"
    if all(holds(manifest.dimensions[name], size) for name, size in given.items()):
        rows = (
            " x ".join(f"{name} {range_text(row)}" for name, row in bucket.dimensions.items())
            for bucket in manifest.buckets
        )
        text += f", in these combinations: {'; '.join(rows)}"
    return text


def _check(manifest: Manifest, bucket: Bucket, place: str) -> None:
    if bucket.dimensions.keys() != manifest.dimensions.keys():
        raise ArtifactError(f"manifest.json: {place} has other dimensions than the model")
    if any(not 0 <= row.low <= row.high for row in bucket.dimensions.values()):
        raise ArtifactError(f"manifest.json: {place} has a dimension without sizes")
    sizes = {name: row.high for name, row in bucket.dimensions.items()}
    ranged = {name for name, row in bucket.dimensions.items() if row.low < row.high}
    for spec, own in zip(manifest.inputs, bucket.inputs, strict=False):
        expected = replace(spec, shape=shape_of(spec, sizes))
        actual = replace(own, shape=shape_of(own, sizes))
        if expected != actual or not {size for size in own.shape if isinstance(size, str)} <= ranged:
            raise ArtifactError(f"manifest.json: {place} takes another {spec.name!r} than the model")
    names = [spec.name for spec in manifest.outputs], [spec.name for spec in manifest.inputs]
    if ([spec.name for spec in bucket.outputs], [spec.name for spec in bucket.inputs]) != names:
        raise ArtifactError(f"manifest.json: {place} has other inputs or outputs than the model")


def _filled(array: Array, shape: tuple[int, ...]) -> Array:
    """Raises InputError for an array without a row to repeat."""
    if array.shape == shape:
        return array
    if 0 in array.shape:
        raise InputError(f"an array of shape {list(array.shape)} has no values to compute with")
    whole = aligned_empty(array.dtype.name, shape)
    whole[tuple(map(slice, array.shape))] = array
    for axis, (own, wanted) in enumerate(zip(array.shape, shape, strict=True)):
        if own < wanted:  # the axes before this one are filled already
            rest = [slice(None)] * len(shape)
            rest[axis] = slice(own, None)
            last = [slice(None)] * len(shape)
            last[axis] = slice(own - 1, own)
            whole[tuple(rest)] = whole[tuple(last)]
    return whole
