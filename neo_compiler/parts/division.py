"""A prepared model → parts that were all built and found right; what is not goes to the fallback."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.errors import EdgeError
from edge_runtime.manifest import Manifest
from neo_compiler.errors import MismatchError, OutputError, TargetError
from neo_compiler.graph.partition import Part, partition
from neo_compiler.options import Fallback
from neo_compiler.parts.assembly import Bench, BuiltPart, fallback_part, native_part
from neo_compiler.parts.blame import blame, first_line
from neo_compiler.parts.culprits import culprits, whole
from neo_compiler.parts.describe import describe, write_manifest
from neo_compiler.parts.fallback import check_allowed, check_loads, is_allowed, listed
from neo_compiler.parts.task import Job
from neo_compiler.verify.execute import Built, Verified, execute

log = logging.getLogger(__name__)


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
        if mismatch is not None and not is_allowed(job, parts):
            names = ", ".join(listed(job.prepared.model, foreign)[0])
            raise MismatchError(
                f"{mismatch}\nof the model's operators {job.prepared.operators}, these differ: {names}"
            )
        check_allowed(job, parts, foreign)
        try:
            return _attempt(job, parts, foreign)
        except _PartFailed as failure:
            cause = failure.__cause__ or failure
            if job.task.options.fallback is Fallback.NEVER:
                raise cause from None
            found = blame(failure.part, job.task.target, None, 0)
            foreign |= found or whole(failure.part, f"it cannot be compiled: {first_line(cause)}")
        except MismatchError as error:
            mismatch = error
            found = {} if job.task.options.fallback is Fallback.NEVER else culprits(job, parts)
            if not found:
                raise MismatchError(f"{error}\nthe model's operators: {job.prepared.operators}") from error
            foreign |= found
        log.info("the fallback takes over: %s", found)


def _attempt(job: Job, parts: Sequence[Part], foreign: Mapping[str, str]) -> Divided:
    task = job.task
    shutil.rmtree(task.files, ignore_errors=True)
    task.files.mkdir()
    built = tuple(_build(job, parts, number, foreign) for number in range(len(parts)))
    manifest = write_manifest(describe(task.options, task.target, job.prepared.model, built), task.files)
    with task.stages("verify"):
        return Divided(manifest, built, _verify(job, manifest, built))


def _build(job: Job, parts: Sequence[Part], number: int, foreign: Mapping[str, str]) -> BuiltPart:
    task, part = job.task, parts[number]
    if not part.native:
        check_loads(part, foreign)
        return fallback_part(part, task.files, f"fallback/{number}.onnx", foreign)
    place = "" if len(parts) == 1 else f"parts/{number}"
    native = sum(other.native for other in parts)
    seconds = None if task.options.tune is None else task.options.tune / native
    bench = Bench(task.files, task.target, task.stages, seconds)
    try:
        return native_part(part, bench, place, task.work / f"kernels{number}.o")
    except (TargetError, OutputError, OSError):
        raise
    except Exception as error:
        log.info("part %d is not compiled", number, exc_info=True)
        raise _PartFailed(part) from error


def _verify(job: Job, manifest: Manifest, built: Sequence[BuiltPart]) -> Verified:
    task = job.task
    files = Built(task.files, manifest, [part.piece(task.files) for part in built])
    try:
        return execute(files, task.target, job.sample, required=task.options.require_verified)
    except EdgeError as error:
        if not manifest.parts or isinstance(error, MismatchError | TargetError):
            raise
        raise MismatchError(f"the parts of this model do not run one after the other: {error}") from error
