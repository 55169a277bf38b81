"""What an artifact says of itself: manifest.json, compiled.meta and the self-test."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx

from edge_runtime.manifest import (
    Accuracy,
    CompilerIdentity,
    FileEntry,
    GpuNeeds,
    Manifest,
    Memory,
    ModelIdentity,
    Placement,
    TargetNeeds,
)
from edge_runtime.package.verify import MANIFEST
from neo_compiler.frontend.identity import identify
from neo_compiler.frontend.labels import labels_of
from neo_compiler.graph.small_types import stored
from neo_compiler.options import CompileOptions
from neo_compiler.parts.assembly import BuiltPart, tensor_spec
from neo_compiler.target import Precision, Target
from neo_compiler.target.gpus import gpus
from neo_compiler.verify import Sample
from neo_compiler.verify.execute import Verified

META = "compiled.meta"
SELFTEST = "selftest/{}.npz"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip file can hold


def describe(
    options: CompileOptions, target: Target, prepared: onnx.ModelProto, parts: Sequence[BuiltPart]
) -> Manifest:
    """The manifest of a compiled model, as yet without accuracy and files."""
    tunings = [part.tuning.choices for part in parts if part.tuning is not None]
    tuned = {kernel: rule for choices in tunings for kernel, rule in choices.items()} if tunings else None
    plans = [part.plan for part in parts if part.plan is not None]
    names = [value.name for value in prepared.graph.input]
    called = labels_of(prepared)
    alone = len(parts) == len(plans) == 1 and [spec.name for spec in plans[0].inputs] == names
    return Manifest(
        model=_model_identity(options.model, prepared),
        compiler=_compiler_identity(options, target, tuned),
        target=target_needs(target),
        inputs=plans[0].inputs if alone else tuple(map(tensor_spec, prepared.graph.input)),
        outputs=plans[0].outputs if alone else tuple(map(tensor_spec, prepared.graph.output)),
        memory=Memory(
            sum(plan.arena_bytes for plan in plans),
            sum(plan.params_bytes for plan in plans),
            sum(plan.scratch_bytes for plan in plans),
        ),
        accuracy=None,
        placement=tuple(_placements(parts)),
        files={},
        features=(*(("cuda",) if target.gpu else ()), *(() if alone else ("parts",))),
        parts=() if alone else tuple(part.entry for part in parts),
        labels=_tuples(called.values),
        columns=_tuples(called.columns),
    )


def _tuples(names: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {output: tuple(row) for output, row in names.items()}


def target_needs(target: Target) -> TargetNeeds:
    """What a machine has to be to run code for `target`."""
    return TargetNeeds(
        target.name, target.triple, target.arch, target.cpu, target.requires, _gpu_needs(target)
    )


def _gpu_needs(target: Target) -> GpuNeeds | None:
    if not target.gpu:
        return None
    gpu, precision = gpus()[target.gpu], target.precision
    return GpuNeeds("cuda", gpu.name, gpu.ptx_for(precision), ".".join(map(str, gpu.cuda_for(precision))))


def _placements(parts: Sequence[BuiltPart]) -> Iterator[Placement]:
    """The parts of each backend together, native ones first."""
    for backend in ("native", "onnxruntime"):
        entries = [part.entry for part in parts if part.entry.backend == backend]
        operators = sum((Counter(entry.operators) for entry in entries), Counter[str]())
        if entries:
            yield Placement(backend, operators.total(), dict(sorted(operators.items())))


def write_manifest(manifest: Manifest, folder: Path) -> Manifest:
    """Write manifest.json for all files in `folder`; returns the manifest with their digests."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    entries = {path.relative_to(folder).as_posix(): _entry(path) for path in files}
    manifest = replace(manifest, files=entries)
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def write_meta(manifest: Manifest, folder: Path) -> None:
    """Write compiled.meta, the metadata that SageMaker Neo writes and DLR reads."""
    kind = "cpu" if manifest.target.gpu is None else "gpu"
    document = {
        "Model": {
            "Inputs": [_meta_tensor(row.name, row.dtype, row.shape) for row in manifest.inputs],
            "Outputs": [_meta_tensor(row.name, row.dtype, row.shape) for row in manifest.outputs],
        },
        "Requirements": {"TargetDevice": manifest.target.name, "TargetDeviceType": kind},
    }
    (folder / META).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_selftest(sample: Sample, folder: Path, number: int = 0) -> None:
    """Write the sample as `selftest/<number>.npz`, with keys `input:<name>` and `expected:<name>`."""
    arrays = {f"input:{name}": value for name, value in sample.inputs.items()}
    arrays |= {f"expected:{name}": value for name, value in sample.expected.items()}
    path = folder / SELFTEST.format(number)
    path.parent.mkdir(exist_ok=True)
    write_npz(path, arrays)


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz file whose bytes depend on the arrays alone; not compressed, since the archive is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(stored(array), order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", EPOCH), buffer.getvalue())


def accuracy(found: Verified, sample: Sample) -> Accuracy:
    """What the comparison found, in the manifest's terms: the worst output counts."""
    return Accuracy(
        reference=sample.reference,
        samples=found.sets,
        max_relative=max((check.difference for check in found.checks), default=None),
        max_absolute=max((check.absolute for check in found.checks), default=None),
        tolerance=max(sample.tolerances.values()),
        executed=found.executed,
    )


def _meta_tensor(name: str, dtype: str, shape: tuple[int | str, ...]) -> dict[str, object]:
    return {"name": name, "dtype": dtype, "shape": [size if isinstance(size, int) else -1 for size in shape]}


def _entry(path: Path) -> FileEntry:
    with path.open("rb") as file:
        return FileEntry(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def _model_identity(path: Path, prepared: onnx.ModelProto) -> ModelIdentity:
    opset = next((row.version for row in prepared.opset_import if not row.domain), None)
    model = identify(path)
    return ModelIdentity(path.stem, model.sha256, model.format, opset)


def _compiler_identity(
    options: CompileOptions, target: Target, tuned: Mapping[str, str] | None
) -> CompilerIdentity:
    import tvm
    from tvm.target import codegen

    asked = {
        "input_shapes": {
            name: [size if isinstance(size, int) else str(size) for size in shape]
            for name, shape in sorted(options.input_shapes.items())
        },
        **(
            {"dimensions": {name: str(row) for name, row in options.dimensions.items()}}
            if options.dimensions
            else {}
        ),
        "tolerance": options.tolerance,
        "seed": options.seed,
        **({"compiler_options": dict(options.compiler_options)} if options.compiler_options else {}),
        **({"precision": str(target.precision)} if target.precision is not Precision.FP32 else {}),
        **({"cross_compiler": target.compiler} if target.compiler else {}),
        **({} if tuned is None else {"tuned": dict(sorted(tuned.items()))}),
    }
    llvm = str(codegen.llvm_version_major())
    return CompilerIdentity("neo-edge", metadata.version("neo-edge"), tvm.__version__, llvm, asked)
