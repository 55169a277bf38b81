"""The zoo compiled for NVIDIA GPUs, and what NVIDIA's assembler says of every kernel, as a Markdown table.

    python -m benchmarks.ptxas                                       all models, for the six GPUs below
    python -m benchmarks.ptxas light_resnet50 --arch sm_53 --arch sm_90
    python -m benchmarks.ptxas light_resnet50 --kernels              each kernel, most registers first
    python -m benchmarks.ptxas light_resnet50 --precision tf32       on tensor cores, where the GPU has them

Nothing is executed, and neither a GPU nor a CUDA toolkit is needed: the assembler is that of the package
nvidia-cuda-nvcc-cu12. Spilled bytes are the assembler's count of what a thread stores for want of registers.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
import tvm

from benchmarks import zoo
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.errors import MismatchError
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.cuda.build import build_image, ptx_version
from neo_compiler.native.cuda.image import Image
from neo_compiler.native.cuda.ptx import libdevice
from neo_compiler.schedule import schedule
from neo_compiler.target import Precision, Target, find_target
from neo_compiler.target.gpus import gpus
from neo_compiler.tools import translate

ARCHITECTURES = ("sm_53", "sm_62", "sm_72", "sm_75", "sm_87", "sm_90")
HOST = "cuda-sm_53"  # code for the host is the same for all GPUs
HEAD = (
    *("model", "GPU", "PTX", "launches", "kernels", "kB of PTX"),
    *("most registers", "kernels that spill", "bytes spilled"),
)

_KERNEL = re.compile(r"Compiling entry function '(\S+)' for")
_SPILLED = re.compile(r"(\d+) bytes spill stores")
_REGISTERS = re.compile(r"Used (\d+) registers")


@dataclass(frozen=True)
class Kernel:
    """What a thread of a kernel takes: registers, and bytes that it stores since there are no more."""

    name: str
    registers: int
    spilled: int


@dataclass(frozen=True)
class Subject:
    """A model's operators, as all GPUs have them."""

    prepared: onnx.ModelProto
    module: tvm.IRModule

    def image(self, target: Target) -> Image:
        """The code for one GPU."""
        outputs = tuple(value.name for value in self.prepared.graph.output)
        with translate(self.prepared):
            return build_image(schedule(self.module, target).module, outputs, target).image


def subject(name: str) -> Subject:
    """A model of the zoo."""
    prepared = prepare(load(zoo.fetch(name)), zoo.MODELS[name].shapes)
    with translate(prepared):
        return Subject(prepared, lower(prepared, find_target(HOST)))


def assemble(text: str, arch: str) -> list[Kernel]:
    """The kernels of a PTX program; raises MismatchError where the assembler refuses one."""
    with tempfile.TemporaryDirectory(prefix="neo-ptxas-") as folder:
        source = Path(folder, "kernels.ptx")
        source.write_text(text, encoding="ascii")
        command: list[str | Path] = [assembler(), "-v", f"-arch={arch}", source, "-o", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MismatchError(f"ptxas refuses kernels for {arch}: {done.stderr.strip()}")
    return list(_kernels(done.stderr))


def assembler() -> Path:
    """`ptxas` of the package that libdevice comes from."""
    return libdevice().parents[2] / "bin" / "ptxas"


def _kernels(said: str) -> Iterator[Kernel]:
    name, spilled = "", 0
    for line in said.splitlines():
        if found := _KERNEL.search(line):
            name, spilled = found.group(1), 0
        elif found := _SPILLED.search(line):
            spilled += int(found.group(1))
        if name and (found := _REGISTERS.search(line)):
            yield Kernel(name, int(found.group(1)), spilled)
            name = ""


def summary(name: str, arch: str, image: Image, kernels: list[Kernel]) -> tuple[str, ...]:
    """One line of the table."""
    return (
        name,
        arch,
        ptx_version(image.ptx),
        str(len(image.launches)),
        str(len(kernels)),
        f"{len(image.ptx) / 1e3:.0f}",
        str(max((kernel.registers for kernel in kernels), default=0)),
        str(sum(kernel.spilled > 0 for kernel in kernels)),
        str(sum(kernel.spilled for kernel in kernels)),
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or with --kernels the kernels of each model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ptxas", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all")
    parser.add_argument("--arch", action="append", choices=list(gpus()), help="default: the six of the table")
    parser.add_argument("--kernels", action="store_true", help="also every kernel: registers, bytes spilled")
    parser.add_argument("--precision", choices=[*Precision], default=Precision.FP32, help="default: fp32")
    options = parser.parse_args(arguments)
    try:
        print(_line(HEAD), _line(("---",) * len(HEAD)), sep="\n", flush=True)
        for name in options.models or zoo.MODELS:
            model = subject(name)
            for arch in options.arch or ARCHITECTURES:
                precision = Precision(options.precision)
                image = model.image(replace(find_target(HOST), gpu=arch, precision=precision))
                kernels = assemble(image.ptx, arch)
                print(_line(summary(name, arch, image, kernels)), flush=True)
                if options.kernels:
                    for row in sorted(kernels, key=lambda row: -row.registers):
                        print(f"{row.registers:4} registers {row.spilled:6} bytes spilled  {row.name}")
    except EdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
