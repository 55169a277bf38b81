"""Answers of the command line as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from edge_runtime.manifest import Accuracy, Manifest, TensorSpec
from edge_runtime.shapes import range_text, text_of


def size(count: float) -> str:
    """Bytes for people: 1.5 MB."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def describe(manifest: Manifest, misfit: str | None) -> Iterator[str]:
    """An artifact; `misfit` says why this machine cannot run it."""
    model, compiler, target, memory = manifest.model, manifest.compiler, manifest.target, manifest.memory
    opset = f", opset {model.opset}" if model.opset else ""
    yield f"model       {model.name} ({model.format}{opset}), sha256 {model.sha256}"
    yield f"compiler    {compiler.name} {compiler.version}, tvm {compiler.tvm}"
    yield f"target      {target.name}: {target.triple}, {target.cpu}"
    yield f"needs       {' '.join(target.requires) or 'no CPU feature beyond its architecture'}"
    if gpu := target.gpu:
        yield f"gpu         {gpu.arch} or later, driver of CUDA {gpu.cuda} or later (PTX {gpu.ptx})"
    yield f"here        {'it fits this machine' if misfit is None else misfit}"
    yield from _specs("input", manifest.inputs)
    yield from _specs("output", manifest.outputs)
    for name, names in sorted({**manifest.labels, **manifest.columns}.items()):
        yield f"names       {name}: {', '.join(names)}"
    yield from _sizes(manifest)
    parts = (
        (memory.arena_bytes, "arena"),
        (memory.scratch_bytes, "scratch"),
        (memory.params_bytes, "parameters"),
    )
    yield f"memory      {', '.join(f'{size(count)} {what}' for count, what in parts)}"
    for row in manifest.placement:
        operators = ", ".join(f"{count} {name}" for name, count in sorted(row.operators.items()))
        yield f"placement   {row.backend}: {row.nodes} nodes{f' ({operators})' if operators else ''}"
    if accuracy := manifest.accuracy:
        yield f"accuracy    {_accuracy(accuracy)}"
    for name, entry in sorted(manifest.files.items()):
        yield f"file        {name}, {size(entry.size)}, sha256 {entry.sha256}"


def describe_choice(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The targets of an artifact that has several."""
    for row in rows:
        yield f"{'used' if row['chosen'] else 'left':11} {row['target']}: {row['reason']}"


def _accuracy(found: Accuracy) -> str:
    if found.max_relative is None:
        return "not known: the compiled code was never executed; `edge-runtime selftest` does it here"
    return (
        f"within {found.max_relative:.2g} of {found.reference} "
        f"({found.samples} samples, {found.tolerance:g} allowed), executed: {found.executed}"
    )


def _specs(kind: str, specs: Iterable[TensorSpec]) -> Iterator[str]:
    for spec in specs:
        yield f"{kind:11} {spec.name}: {spec.dtype} {text_of(spec.shape)}"


def _sizes(manifest: Manifest) -> Iterator[str]:
    for name, row in manifest.dimensions.items():
        filled = ", smaller ones are filled up" if row.padded else ""
        yield f"dimension   {name}: {range_text(row)}{filled}"
    for bucket in manifest.buckets:
        sizes = ", ".join(f"{name} {range_text(row)}" for name, row in bucket.dimensions.items())
        arena = size(bucket.memory.arena_bytes + bucket.memory.scratch_bytes)
        yield f"compiled    for {sizes}: {arena} a session"


def describe_outputs(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What `summarise` gives."""
    for row in rows:
        yield f"{row['name']}: {row['dtype']} {row['shape']}, largest:"
        for value in row["top"]:
            yield f"  {value['index']} {value['value']:.6g} {value.get('name', '')}".rstrip()


def describe_bench(document: Mapping[str, Any]) -> Iterator[str]:
    """What `bench` measures."""
    times, memory = document["run_ms"], document["memory_bytes"]
    yield f"load        {document['load_ms']:.1f} ms"
    yield f"first run   {document['first_run_ms']:.2f} ms"
    yield f"threads     {document['threads']}"
    yield f"warm-up     {document['warmup']} runs"
    yield f"runs        {times['n']}"
    for name in ("min", "median", "mean", "p90", "p99"):
        yield f"{name:11} {times[name]:.3f} ms"
    yield f"memory      {', '.join(f'{size(count)} {name}' for name, count in memory.items())}"
    if kernels := document.get("kernels"):
        yield f"kernels     {'ms':>9} {'time':>6} {'calls':>5}"
        for row in kernels:
            yield f"{row['ms']:21.3f} {row['share']:6.1%} {row['calls']:5}  {row['kernel']}"


def describe_selftest(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What `selftest` finds."""
    for row in rows:
        verdict = "ok" if row["passed"] else "FAILED"
        yield (
            f"{verdict:7}{row['name']}: output {row['output']!r} differs by {row['difference']:.2g}, "
            f"{row['tolerance']:g} allowed"
        )
