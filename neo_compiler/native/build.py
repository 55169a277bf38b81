"""Scheduled kernels → compiled.so and compiled.params."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import tvm
from numpy.typing import NDArray

from neo_compiler.native.codegen import generate_object
from neo_compiler.native.cuda.build import build_image
from neo_compiler.native.extract import extract
from neo_compiler.native.link import link
from neo_compiler.native.overwrite import overwritable_by, write_over
from neo_compiler.native.plan import Plan
from neo_compiler.stages import Stages
from neo_compiler.target import Target


def build(
    module: tvm.IRModule,
    outputs: tuple[str, ...],
    target: Target,
    folder: Path,
    stages: Stages | None = None,
    kernels: Path | None = None,
) -> Plan:
    """Write `compiled.so` and `compiled.params` for a scheduled module into `folder`.

    `outputs` names the results of the module's `main`; `kernels` is where its kernels are left as an object
    file, if they are wanted. Returns the plan that the library executes.
    """
    stages = stages or Stages()
    if target.gpu:
        return _build_launched(module, outputs, target, folder, stages)
    with stages("plan"):
        program = extract(module, outputs, overwritable=overwritable_by(module))
        write_params(folder / "compiled.params", program.params, program.plan.params_bytes)
    with tempfile.TemporaryDirectory(prefix="neo-build-", dir=folder.parent) as scratch:
        kernels = kernels or Path(scratch) / "kernels.o"
        with stages("codegen"):
            module = write_over(module, program.plan.overwriting())
            plan = replace(program.plan, scratch_bytes=generate_object(module, target, kernels))
        with stages("link"):
            link([kernels], plan, target, folder / "compiled.so")
    return plan


def _build_launched(
    module: tvm.IRModule, outputs: tuple[str, ...], target: Target, folder: Path, stages: Stages
) -> Plan:
    with stages("codegen"):
        launched = build_image(module, outputs, target)
    program = launched.program
    with stages("plan"):
        write_params(folder / "compiled.params", program.params, program.plan.params_bytes)
    with stages("link"):
        link([], program.plan, target, folder / "compiled.so", launched.image)
    return program.plan


def write_params(path: Path, params: Sequence[tuple[int, NDArray[np.generic]]], nbytes: int) -> None:
    """Write the parameter file: values at their offsets, and so many bytes in all."""
    with path.open("wb") as file:
        for offset, value in params:
            file.seek(offset)
            file.write(np.ascontiguousarray(value).data)
        file.truncate(nbytes)
