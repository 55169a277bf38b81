"""Predicted speed on ARM: LLVM's model of a core on the hot loop of each convolution and matrix product.

    python -m benchmarks.arm                     EfficientNet-Lite0, ResNet-50 and MiniLM, as a Markdown table
    python -m benchmarks.arm light_squeezenet --kernels

Nothing is measured: llvm-mca counts the cycles of a loop whose data lie in the first-level cache. A kernel's
time is its multiply-adds at the rate of its hot loop, and for convolutions by Winograd the arithmetic of
transforms at the rate of the slowest loop that transforms. The share of the peak, which is that of the same
model, is weighted by arithmetic, over all such kernels.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import onnx

from benchmarks import zoo
from benchmarks.loops import ITERATIONS, Loop, busy_loops, predict
from benchmarks.work import Work, scheduled_work
from edge_runtime.errors import EdgeError, ExitCode
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.extract import extract
from neo_compiler.schedule import schedule
from neo_compiler.target import Target, find_target
from neo_compiler.tools import translate
from neo_compiler.verify.sample import TOLERANCE, draw_sample

MODELS = ("efficientnet-lite0", "light_resnet50", "minilm-int8")
RULES = ("conv2d", "depthwise", "dense", "winograd")
TRIPLE = "aarch64"
HEAD = ("model", "core", "GFLOP", "share of FMA peak", "ms at clock", "spills", "scalar", "no prediction")


@dataclass(frozen=True)
class Core:
    """A core, the target that it is compiled for, and its clock in GHz on that board."""

    name: str
    target: str
    clock: float


CORES = (
    Core("cortex-a53", "rasp3b-64", 1.4),
    Core("cortex-a72", "rasp4b", 1.5),
    Core("cortex-a76", "rasp5", 2.4),
)


@dataclass(frozen=True)
class Kernel:
    """All calls of a kernel in a run; rates in multiply-adds of four lanes a cycle.

    `beside` are the flops that are not in the hot loop, at the rate `beside_rate`.
    """

    name: str
    work: Work
    flops: float
    loop: Loop | None
    rate: float | None
    beside: float = 0.0
    beside_rate: float | None = None

    @property
    def cycles(self) -> float | None:
        """What its multiply-adds take at the rates of its loops; None where one is not known."""
        if not self.rate or (self.beside and not self.beside_rate):
            return None
        return (self.flops - self.beside) / 8 / self.rate + self.beside / 8 / (self.beside_rate or 1)


def kernels(name: str, target: Target, core: Core) -> list[Kernel]:
    """The convolutions and matrix products of a model of the zoo, compiled for `target`."""
    prepared, amplified = _prepared(name)
    target = target.for_model(amplified=amplified)
    outputs = tuple(value.name for value in prepared.graph.output)
    with translate(prepared), tempfile.TemporaryDirectory(prefix="neo-arm-") as folder:
        lowered = lower(prepared, target)
        scheduled = schedule(lowered, target)
        plan = extract(scheduled.module, outputs).plan
        calls = [step.kernel for step in plan.steps]
        work = scheduled_work(lowered, scheduled, plan)
        generate_object(scheduled.module, target, Path(folder, "kernels.o"))
        loops = busy_loops(Path(folder, "kernels.o"))
    return [
        _kernel(kernel, row, calls.count(kernel), _loops_of(kernel, loops), core)
        for kernel, row in work.items()
        if row.rule in RULES and row.flops
    ]


@functools.cache
def _prepared(name: str) -> tuple[onnx.ModelProto, bool]:
    """A model of the zoo, and whether it makes rounding errors larger: the same for every core."""
    model = load(zoo.fetch(name))
    prepared = prepare(model, zoo.MODELS[name].shapes)
    return prepared, draw_sample(model, prepared, TOLERANCE, seed=0).amplified


def _kernel(name: str, work: Work, calls: int, loops: list[Loop], core: Core) -> Kernel:
    rates = [loop.rate(core.name, TRIPLE) for loop in loops]
    flops, loop = calls * (work.flops or 0.0), loops[0] if loops else None
    if work.rule != "winograd" or len(loops) < 2:
        return Kernel(name, work, flops, loop, rates[0] if rates else None)
    known = [rate for rate in rates[1:] if rate]
    beside = flops - calls * (work.product or 0.0)
    return Kernel(name, work, flops, loop, rates[0], beside, min(known, default=None))


def _loops_of(kernel: str, loops: dict[str, list[Loop]]) -> list[Loop]:
    """A kernel's code is in functions whose names begin with its own."""
    return next((rows for name, rows in loops.items() if name.removesuffix("_compute_") == kernel), [])


def peak(core: str) -> float:
    """Multiply-adds by lane in a cycle where nothing waits, by the same model."""
    rows = [f"fmla v{number}.4s, v30.4s, v31.s[0]" for number in range(24)]
    cycles = predict("\n".join(rows), core, TRIPLE)
    assert cycles is not None
    return len(rows) * ITERATIONS / cycles


def summary(name: str, core: Core, rows: list[Kernel]) -> tuple[str, ...]:
    """One line of the table."""
    known = [row for row in rows if row.cycles is not None]
    cycles, flops = sum(row.cycles or 0 for row in known), sum(row.flops for row in known)
    unknown = sum(row.flops for row in rows) - flops
    share = flops / 8 / cycles / peak(core.name) if cycles else 0.0
    return (
        name,
        core.name,
        f"{sum(row.flops for row in rows) / 1e9:.2f}",
        f"{share:.0%}",
        f"{cycles / core.clock / 1e6:.1f} at {core.clock} GHz",
        str(sum(row.loop.spills for row in rows if row.loop)),
        str(sum(row.loop.scalar for row in rows if row.loop)),
        f"{unknown / sum(row.flops for row in rows):.1%}",
    )


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _print_kernels(core: Core, rows: list[Kernel]) -> None:
    for row in sorted(rows, key=lambda row: -(row.cycles or 0)):
        share = f"{row.flops / 8 / row.cycles / peak(core.name):.0%}" if row.cycles else "unknown"
        spills, scalar = (row.loop.spills, row.loop.scalar) if row.loop else (0, 0)
        print(f"{row.work.rule:10} {row.flops / 1e6:9.1f} MFLOP {share:>8} {spills:3} {scalar:3}  {row.name}")


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or with --kernels the kernels of each model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.arm", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"default: {', '.join(MODELS)}")
    parser.add_argument("--kernels", action="store_true", help="also every kernel: share, spills, scalars")
    options = parser.parse_args(arguments)
    try:
        print(_line(HEAD), _line(("---",) * len(HEAD)), sep="\n", flush=True)
        for name in options.models or MODELS:
            for core in CORES:
                rows = kernels(name, find_target(core.target), core)
                print(_line(summary(name, core, rows)), flush=True)
                if options.kernels:
                    _print_kernels(core, rows)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
