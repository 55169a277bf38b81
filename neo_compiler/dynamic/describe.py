"""What the manifest of an artifact for many sizes says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from edge_runtime.manifest import Accuracy, Bucket, Dimension, Manifest, Memory, TensorSpec
from edge_runtime.shapes import size_of
from neo_compiler.dynamic.merge import Compilation
from neo_compiler.dynamic.request import Request
from neo_compiler.graph.independent import Rows
from neo_compiler.parts.describe import describe
from neo_compiler.parts.task import Task


def whole(
    task: Task,
    request: Request,
    made: Sequence[tuple[Compilation, Bucket]],
    padded: Mapping[str, Mapping[str, Rows | None]],
) -> Manifest:
    """The manifest, as yet without files; `padded` tells where the rows of outputs lie."""
    compilation, _ = max(made, key=lambda row: row[1].memory.arena_bytes)
    single, buckets = compilation.single, [bucket for _, bucket in made]
    base = describe(task.options, task.target, single.prepared.model, single.divided.parts)
    found = [bucket.accuracy for bucket in buckets if bucket.accuracy is not None]
    return replace(
        base,
        inputs=tuple(replace(spec, shape=request.shapes.get(spec.name, spec.shape)) for spec in base.inputs),
        outputs=tuple(_with_rows(spec, padded) for spec in _outputs(buckets)),
        memory=_largest([bucket.memory for bucket in buckets]),
        accuracy=_worst(found),
        features=tuple(sorted({*base.features, "buckets"})),
        parts=(),
        dimensions={
            name: Dimension(sizes.low, sizes.high, sizes.values, name in padded)
            for name, sizes in request.dimensions.items()
        },
        buckets=tuple(buckets),
    )


def _with_rows(spec: TensorSpec, padded: Mapping[str, Mapping[str, Rows | None]]) -> TensorSpec:
    """An output with what is known of its rows: the runtime cuts it accordingly."""
    shape = list(spec.shape)
    for name, outputs in padded.items():
        rows = outputs.get(spec.name)
        if rows is not None:
            shape[rows.axis] = name if rows.factor == 1 else f"{rows.factor}*{name}"
    return replace(spec, shape=tuple(shape))


def _largest(rows: Sequence[Memory]) -> Memory:
    return Memory(
        max(row.arena_bytes for row in rows),
        max(row.params_bytes for row in rows),
        max(row.scratch_bytes for row in rows),
    )


def _worst(rows: Sequence[Accuracy]) -> Accuracy:
    """The comparisons as one; where one size was not executed, nothing is known of the whole."""
    known = [row for row in rows if row.max_relative is not None and row.max_absolute is not None]
    whole = replace(rows[0], samples=sum(row.samples for row in rows))
    if len(known) < len(rows):
        return replace(whole, max_relative=None, max_absolute=None, executed="")
    return replace(
        whole,
        max_relative=max(row.max_relative or 0.0 for row in known),
        max_absolute=max(row.max_absolute or 0.0 for row in known),
        tolerance=max(row.tolerance for row in known),
    )


def _outputs(buckets: Sequence[Bucket]) -> tuple[TensorSpec, ...]:
    """The outputs of all buckets; where their sizes differ, by what they have in common with the inputs."""
    specs = zip(*(bucket.outputs for bucket in buckets), strict=True)
    sizes = [{name: row.high for name, row in bucket.dimensions.items()} for bucket in buckets]
    return tuple(_output(rows, sizes) for rows in specs)


def _output(rows: Sequence[TensorSpec], sizes: Sequence[Mapping[str, int]]) -> TensorSpec:
    axes = zip(*(row.shape for row in rows), strict=True)
    shape = (_common(f"{rows[0].name}_{place}", axis, sizes) for place, axis in enumerate(axes))
    return replace(rows[0], shape=tuple(shape))


def _common(name: str, found: Sequence[int | str], sizes: Sequence[Mapping[str, int]]) -> int | str:
    if len(set(found)) == 1:
        return found[0]
    for dimension in sizes[0]:
        pairs = zip(found, sizes, strict=True)
        if all(size_of(size, row) == row[dimension] for size, row in pairs):
            return dimension
    return name
