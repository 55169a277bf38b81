"""The compiled code at work: on this machine, in an emulator, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from edge_runtime.package.verify import check_fit
from neo_compiler.errors import MismatchError, TargetError
from neo_compiler.graph.small_types import stored
from neo_compiler.native.plan import Plan
from neo_compiler.native.program import link_program
from neo_compiler.ort import OrtError, Session
from neo_compiler.target import Target
from neo_compiler.verify.check import OutputCheck, compare
from neo_compiler.verify.emulate import INSTALL, Emulator, find_emulator, run_emulated
from neo_compiler.verify.sample import Sample

NATIVELY = "natively"


@dataclass(frozen=True)
class Code:
    """Compiled code: `kernels` is an object file, `params` the parameter file."""

    plan: Plan
    kernels: Path
    params: Path


@dataclass(frozen=True)
class Piece:
    """A part of a model, with the names of what it reads and makes: `code`, or `model`, an ONNX file."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    code: Code | None = None
    model: Path | None = None


@dataclass(frozen=True)
class Built:
    """A compiled model: `folder`, an artifact as far as edge_runtime reads it, and its parts in order."""

    folder: Path
    manifest: Manifest
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Verified:
    """Where the code ran, "" where it did not, how far each output lies from the reference, and on how many
    sets of inputs it was compared.
    """

    executed: str
    checks: tuple[OutputCheck, ...]
    sets: int = 1


def execute(built: Built, target: Target, sample: Sample, *, required: bool = False) -> Verified:
    """Run what was built on the sample's inputs and compare.

    Raises MismatchError where an output is beyond its tolerance; TargetError where nothing here can run the
    code, if running it is `required`.
    """
    try:
        check_fit(built.manifest.target)
    except ArtifactError:
        return _emulate(built, target, sample, required)
    import edge_runtime

    with edge_runtime.load(built.folder, threads=1) as model:
        found = [compare(row, model.run(_stored(row.inputs))) for row in (sample, *sample.further)]
        checks = tuple(max(rows, key=_margin) for rows in zip(*found, strict=True))
        return Verified(NATIVELY, checks, len(found))


def _margin(check: OutputCheck) -> float:
    """How much of its tolerance a difference takes up."""
    return check.difference / check.tolerance if check.tolerance else check.difference


def _emulate(built: Built, target: Target, sample: Sample, required: bool) -> Verified:
    emulator = find_emulator(target)
    if emulator is None:
        emulated = target.emulate and not target.gpu
        advice = INSTALL if emulated else "there is no emulator for this target either"
        return _unexecuted(target, advice, required)
    values = _stored(sample.inputs)
    for piece in built.pieces:
        values |= _run_piece(piece, emulator, target, values)
    return Verified(str(emulator), compare(sample, {name: values[name] for name in sample.expected}))


def _unexecuted(target: Target, reason: str, required: bool) -> Verified:
    if required:
        raise TargetError(f"this machine cannot execute code for {target.name} to verify it: {reason}")
    return Verified("", ())


def _stored(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: stored(value) for name, value in inputs.items()}


def _run_piece(
    piece: Piece, emulator: Emulator, target: Target, values: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    inputs = {name: np.asarray(values[name]) for name in piece.inputs}
    if piece.code is None:
        return _run_model(piece, inputs)
    code = piece.code
    program = code.kernels.with_suffix(".run")
    link_program([code.kernels], code.plan, target, program)
    return run_emulated(emulator, program, code.params, inputs, code.plan.outputs)


def _run_model(piece: Piece, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    if piece.model is None:
        raise ValueError("a part that is neither code nor a model")
    try:
        session = Session(piece.model.read_bytes())
        return dict(zip(piece.outputs, session.run(piece.outputs, inputs), strict=True))
    except OrtError as error:
        raise MismatchError(f"onnxruntime cannot run {piece.model.name}: {error}") from error
