"""The compiled code at work: on this machine, in an emulator, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import Manifest
from edge_runtime.verify import check_fit
from neo_compiler.errors import TargetError
from neo_compiler.native.plan import Plan
from neo_compiler.native.program import link_program
from neo_compiler.target import Target
from neo_compiler.verify.check import OutputCheck, compare
from neo_compiler.verify.emulate import INSTALL, find_emulator, run_emulated
from neo_compiler.verify.sample import Sample

NATIVELY = "natively"


@dataclass(frozen=True)
class Built:
    """Compiled code: `folder`, an artifact as far as edge_runtime reads it, and `kernels`, an object file."""

    folder: Path
    kernels: Path
    plan: Plan
    manifest: Manifest


@dataclass(frozen=True)
class Verified:
    """Where the code ran, "" where it did not, and how far each output lies from the reference."""

    executed: str
    checks: tuple[OutputCheck, ...]


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
        return Verified(NATIVELY, compare(sample, model.run(dict(sample.inputs))))


def _emulate(built: Built, target: Target, sample: Sample, required: bool) -> Verified:
    emulator = find_emulator(target)
    if emulator is None:
        if required:
            advice = INSTALL if target.emulate else "there is no emulator for this target either"
            raise TargetError(f"this machine cannot execute code for {target.name} to verify it: {advice}")
        return Verified("", ())
    program = built.kernels.with_name("run-once")
    link_program([built.kernels], built.plan, target, program)
    inputs = {spec.name: np.asarray(sample.inputs[spec.name]) for spec in built.plan.inputs}
    params = built.folder / "compiled.params"
    return Verified(
        str(emulator), compare(sample, run_emulated(emulator, program, params, inputs, built.plan.outputs))
    )
