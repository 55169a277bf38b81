"""A model with symbolic dimensions → one artifact: what is compiled for which sizes, and how it is proven."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Bucket, Dimension, Manifest
from edge_runtime.package.verify import check_fit
from neo_compiler.dynamic.describe import whole
from neo_compiler.dynamic.merge import Compilation, Merger
from neo_compiler.dynamic.padding import exact_rows, steps
from neo_compiler.dynamic.ranges import Ranges, compile_ranges, sample_at
from neo_compiler.dynamic.request import Request
from neo_compiler.errors import UsageError
from neo_compiler.graph.independent import Dependent, Rows
from neo_compiler.native.weights import Sharing
from neo_compiler.parts.describe import accuracy, write_manifest, write_meta, write_selftest
from neo_compiler.parts.single import compile_single
from neo_compiler.parts.task import Task
from neo_compiler.sizes import Sizes
from neo_compiler.symbolic.points import NotGeneral
from neo_compiler.verify import OutputCheck, compare

MOST = 64  # compilations
MOST_OF_RANGE = 16  # sizes of a range that are compiled one by one

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Dynamic:
    """What was compiled, and how its weights are shared."""

    manifest: Manifest
    made: tuple[Compilation, ...]
    checks: tuple[OutputCheck, ...]
    sharing: Sharing


def compile_dynamic(task: Task, request: Request) -> Dynamic:
    """Compile for all sizes that were asked for, into the task's `files`.

    Raises UsageError where these are too many, and as `compile_single` does.
    """
    merger, padded = Merger(task.files, task.target), dict[str, Mapping[str, Rows | None]]()
    made, buckets = [], []
    for compilation in _compilations(task, request, padded):
        made.append(compilation)
        buckets.append(_bucket(merger, compilation))
    for number, compilation in enumerate(made):
        write_selftest(compilation.samples[0], task.files, number)
    manifest = whole(task, request, list(zip(made, buckets, strict=True)), padded)
    write_meta(manifest, task.files)
    manifest = write_manifest(manifest, task.files)
    with task.stages("verify"):
        checks = _verify(task.files, manifest, made)
    return Dynamic(manifest, tuple(made), tuple(checks), merger.weights.sharing)


def _bucket(merger: Merger, made: Compilation) -> Bucket:
    found = made.single.divided.found
    worst = max(made.samples, key=lambda sample: max(sample.tolerances.values()))
    sets = max(found.sets, len(made.samples))
    return replace(merger.add(made), accuracy=replace(accuracy(found, worst), samples=sets))


def _compilations(
    task: Task, request: Request, padded: dict[str, Mapping[str, Rows | None]]
) -> Iterator[Compilation]:
    """For each combination of listed sizes the ranges as one, or steps of them that are filled up, or all.

    `padded` gets the dimensions that are filled up.
    """
    numbers = itertools.count()
    listed = {name: sizes.values for name, sizes in request.dimensions.items() if sizes.values}
    ranges = {name: sizes for name, sizes in request.dimensions.items() if not sizes.values}
    for fixed in _rows(listed):
        if not ranges:
            yield _fixed(_inner(task, next(numbers)), request, fixed)
            continue
        wanted = Ranges(request, fixed, ranges)
        try:
            yield compile_ranges(_inner(task, next(numbers)), wanted)
            continue
        except NotGeneral as error:
            log.info("no code for all sizes: %s", error)
            sizes = _filled(task, wanted, error, padded)
        for row in _rows(sizes):
            yield _fixed(_inner(task, next(numbers)), request, {**fixed, **row}, wanted, padded)


def _filled(
    task: Task, ranges: Ranges, reason: Exception, padded: dict[str, Mapping[str, Rows | None]]
) -> dict[str, Sequence[int]]:
    """The sizes to compile for ranges that no single code serves."""
    found: dict[str, Sequence[int]] = {}
    for name, sizes in ranges.open.items():
        try:
            padded[name] = exact_rows(task, ranges, name)
            found[name] = steps(sizes)
        except Dependent as why:
            found[name] = _each(name, sizes, f"{reason}; smaller inputs cannot be filled up: {why}")
    return found


def _rows(lists: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    rows = [dict(zip(lists, row, strict=True)) for row in itertools.product(*lists.values())]
    if len(rows) > MOST:
        raise UsageError(f"{len(rows)} combinations of sizes were asked for, {MOST} at most can be compiled")
    return rows


def _each(name: str, sizes: Sizes, reason: str) -> Sequence[int]:
    if sizes.high - sizes.low >= MOST_OF_RANGE:
        raise UsageError(
            f"the dimension {name!r} cannot be left open from {sizes.low} to {sizes.high}: {reason}; "
            f"list the sizes that you need, for example {name}=[{sizes.low},{sizes.high}]"
        )
    return range(sizes.low, sizes.high + 1)


def _inner(task: Task, number: int) -> Task:
    work = task.work / f"bucket{number}"
    work.mkdir()
    return replace(task, work=work)


def _fixed(
    task: Task,
    request: Request,
    sizes: Mapping[str, int],
    ranges: Ranges | None = None,
    padded: Mapping[str, object] | None = None,
) -> Compilation:
    """Of single sizes; where some are filled up, smaller ones are compared too."""
    single = compile_single(task, request.at(sizes))
    samples = [single.sample]
    if ranges is not None and padded:
        smaller = {
            name: max(size - 1, ranges.open[name].low) if name in padded else size
            for name, size in sizes.items()
            if name in ranges.open
        }
        samples.append(sample_at(task, ranges, smaller))
    dimensions = {name: Dimension(size, size) for name, size in sizes.items()}
    return Compilation(dimensions, single, tuple(samples))


def _verify(files: Path, manifest: Manifest, made: Sequence[Compilation]) -> list[OutputCheck]:
    """Every compilation again, as the device runs it: chosen by its inputs, with the weights in one file."""
    try:
        check_fit(manifest.target)
    except ArtifactError:
        return [check for row in made for check in row.single.divided.found.checks]
    import edge_runtime

    with edge_runtime.load(files, threads=1) as model:
        return [
            check
            for row in made
            for sample in row.samples
            for check in compare(sample, model.run(dict(sample.inputs)))
        ]
