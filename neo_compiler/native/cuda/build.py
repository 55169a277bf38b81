"""A scheduled module → the program that its launches make up, and what the GPU executes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import tvm

from neo_compiler.native.cuda.image import Image, Launch
from neo_compiler.native.cuda.launches import Kernels, split_kernels
from neo_compiler.native.cuda.ptx import generate_ptx
from neo_compiler.native.extract import Program, extract
from neo_compiler.native.plan import Step
from neo_compiler.target import Target
from neo_compiler.target.gpus import driver_version, number


@dataclass(frozen=True)
class Launched:
    """A program each of whose steps is a launch of a kernel of `image`."""

    program: Program
    image: Image


def build_image(module: tvm.IRModule, outputs: tuple[str, ...], target: Target) -> Launched:
    """Generate the kernels of a scheduled module for the target's GPU.

    `outputs` names the results of the module's `main`. Raises TargetError where libdevice is not installed.
    """
    kernels = split_kernels(module, target)
    program = extract(module, outputs, kernels.operators)
    text = generate_ptx(kernels.device, target)
    return Launched(program, _image(text, kernels, program.plan.steps, target))


def ptx_version(text: str) -> str:
    """The version of the PTX language that a program says it is written in, such as "4.2"."""
    found = re.search(r"^\.version (\d+\.\d+)$", text, flags=re.MULTILINE)
    if found is None:
        raise ValueError("this is no PTX")
    return found.group(1)


def _image(text: str, kernels: Kernels, steps: tuple[Step, ...], target: Target) -> Image:
    geometries = {
        call.kernel: call.geometry for operator in kernels.operators.values() for call in operator.calls
    }
    numbers = {name: place for place, name in enumerate(sorted(geometries))}
    launches = tuple(Launch(numbers[step.kernel], geometries[step.kernel]) for step in steps)
    driver = driver_version(ptx_version(text))
    return Image(text, number(target.gpu), driver, tuple(numbers), launches)
