"""A prepared model → parts that were all built and found right; what is not goes to the fallback."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from edge_runtime.errors import ArtifactError, EdgeError
from edge_runtime.manifest import Manifest
from edge_runtime.package.verify import check_fit
from neo_compiler.errors import REMEDY, MismatchError, OutputError, TargetError, UnsupportedOperators
from neo_compiler.graph.oldest_opset import oldest_opset
from neo_compiler.graph.partition import Part, node_name, partition
from neo_compiler.graph.prepare import Prepared
from neo_compiler.graph.small_types import stored
from neo_compiler.options import CompileOptions, Fallback
from neo_compiler.ort import OrtError, Session
from neo_compiler.parts.assembly import Bench, BuiltPart, fallback_part, native_part
from neo_compiler.parts.blame import blame, first_line, worst_difference
from neo_compiler.parts.describe import describe, target_needs, write_manifest
from neo_compiler.stages import Stages
from neo_compiler.target import Target
from neo_compiler.verify import Sample
from neo_compiler.verify.execute import Built, Verified, execute
from neo_compiler.verify.reference import Reference

ARTIFACT = "artifact"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a division works on; the artifact becomes the folder ARTIFACT in `work`."""

    options: CompileOptions
    target: Target
    prepared: Prepared
    sample: Sample
    work: Path
    stages: Stages

    @property
    def files(self) -> Path:
        """The folder that becomes the artifact."""
        return self.work / ARTIFACT


@dataclass(frozen=True)
class Divided:
    """The parts, built and compared."""

    manifest: Manifest
    parts: tuple[BuiltPart, ...]
    found: Verified


class _PartFailed(Exception):
    """A native part was not compiled; the cause says why."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part = part


def divide(job: Job) -> Divided:
    """Build and compare the model in as few parts as are needed.

    Raises UnsupportedOperators where the options allow no fallback but it is needed, or where nothing would
    be native; MismatchError where the results differ and no node can be named for it.
    """
    foreign = dict(job.prepared.foreign)
    mismatch: MismatchError | None = None
    while True:
        parts = partition(job.prepared.model, foreign)
        if mismatch is not None and not _is_allowed(job, parts):
            names = ", ".join(_listed(job.prepared.model, foreign)[0])
            raise MismatchError(
                f"{mismatch}\nof the model's operators {job.prepared.operators}, these differ: {names}"
            )
        _check_allowed(job, parts, foreign)
        try:
            return _attempt(job, parts, foreign)
        except _PartFailed as failure:
            cause = failure.__cause__ or failure
            if job.options.fallback is Fallback.NEVER:
                raise cause from None
            found = blame(failure.part, job.target, None, 0)
            foreign |= found or _whole(failure.part, f"it cannot be compiled: {first_line(cause)}")
        except MismatchError as error:
            mismatch = error
            found = {} if job.options.fallback is Fallback.NEVER else _culprits(job, parts)
            if not found:
                raise MismatchError(f"{error}\nthe model's operators: {job.prepared.operators}") from error
            foreign |= found
        log.info("the fallback takes over: %s", found)


def _attempt(job: Job, parts: Sequence[Part], foreign: Mapping[str, str]) -> Divided:
    shutil.rmtree(job.files, ignore_errors=True)
    job.files.mkdir()
    built = tuple(_build(job, parts, number, foreign) for number in range(len(parts)))
    manifest = write_manifest(describe(job.options, job.target, job.prepared.model, built), job.files)
    with job.stages("verify"):
        return Divided(manifest, built, _verify(job, manifest, built))


def _build(job: Job, parts: Sequence[Part], number: int, foreign: Mapping[str, str]) -> BuiltPart:
    part = parts[number]
    if not part.native:
        _check_loads(part, foreign)
        return fallback_part(part, job.files, f"fallback/{number}.onnx", foreign)
    place = "" if len(parts) == 1 else f"parts/{number}"
    native = sum(other.native for other in parts)
    seconds = None if job.options.tune is None else job.options.tune / native
    bench = Bench(job.files, job.target, job.stages, seconds)
    try:
        return native_part(part, bench, place, job.work / f"kernels{number}.o")
    except (TargetError, OutputError, OSError):
        raise
    except Exception as error:
        log.info("part %d is not compiled", number, exc_info=True)
        raise _PartFailed(part) from error


def _verify(job: Job, manifest: Manifest, built: Sequence[BuiltPart]) -> Verified:
    pieces = [part.piece(job.files) for part in built]
    try:
        return execute(
            Built(job.files, manifest, pieces),
            job.target,
            job.sample,
            required=job.options.require_verified,
        )
    except EdgeError as error:
        if not manifest.parts or isinstance(error, MismatchError | TargetError):
            raise
        raise MismatchError(f"the parts of this model do not run one after the other: {error}") from error


def _culprits(job: Job, parts: Sequence[Part]) -> dict[str, str]:
    """The nodes whose results differ, or, where none does alone, all nodes of the parts that differ.

    None where this machine cannot run the code of a part.
    """
    try:
        check_fit(target_needs(job.target))
    except ArtifactError:
        return {}
    native = [(number, part) for number, part in enumerate(parts) if part.native]
    names = {name for _, part in native for node in part.model.graph.node for name in node.output if name}
    names |= {name for _, part in native for name in part.inputs} - job.sample.inputs.keys()
    values = _reference_values(job.prepared.model, names, job.sample.inputs)
    tolerance = max(job.sample.tolerances.values())
    found: dict[str, str] = {}
    for number, part in native:
        folder = job.files if len(parts) == 1 else job.files / f"parts/{number}"
        if (distance := worst_difference(folder, values)) > tolerance:
            reason = f"compiled, its part's results differ from the reference by {distance:.2g}"
            found |= blame(part, job.target, values, tolerance) or _whole(part, reason)
    return found


def _reference_values(
    model: onnx.ModelProto, names: set[str], inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    probe = onnx.ModelProto.FromString(model.SerializeToString())
    outputs = {value.name for value in probe.graph.output}
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(names - outputs))
    values = {**inputs, **Reference(probe).run(inputs)}
    return {name: stored(value) for name, value in values.items()}


def _whole(part: Part, reason: str) -> dict[str, str]:
    return {node_name(node): reason for node in part.model.graph.node}


def _is_allowed(job: Job, parts: Sequence[Part]) -> bool:
    native = [part.native for part in parts]
    if job.options.fallback is Fallback.NEVER:
        return all(native)
    return any(native) or job.options.fallback is Fallback.WHOLE


def _check_allowed(job: Job, parts: Sequence[Part], foreign: Mapping[str, str]) -> None:
    if _is_allowed(job, parts):
        return
    remedy = (
        "without --no-fallback, onnxruntime would run them on the device"
        if job.options.fallback is Fallback.NEVER
        else "nothing of the model would be compiled; with --fallback whole, onnxruntime runs all of it"
    )
    operators, reasons = _listed(job.prepared.model, foreign)
    raise UnsupportedOperators(operators, reasons=reasons, remedy=remedy, opsets=_opsets(job.prepared.model))


def _check_loads(part: Part, foreign: Mapping[str, str]) -> None:
    """Raise UnsupportedOperators where onnxruntime has no kernels for a part either."""
    try:
        Session(oldest_opset(part.model).SerializeToString())
    except OrtError as error:
        operators, reasons = _listed(part.model, foreign)
        why = "neither native code nor a kernel of onnxruntime exists for"
        remedy = f"{REMEDY}; it says: {first_line(error)}"
        raise UnsupportedOperators(operators, why, reasons, remedy, _opsets(part.model)) from error


def _opsets(model: onnx.ModelProto) -> dict[str, int]:
    return {row.domain: row.version for row in model.opset_import}


def _listed(
    model: onnx.ModelProto, foreign: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Names of the nodes of each operator, and the reason of one of them."""
    operators: dict[str, list[str]] = {}
    reasons = {}
    for node in model.graph.node:
        if reason := foreign.get(node_name(node)):
            name = f"{node.domain}.{node.op_type}".lstrip(".")
            operators.setdefault(name, []).append(node.name)
            reasons[name] = reason
    return operators, reasons
