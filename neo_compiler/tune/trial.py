"""A library in which the candidates for one kernel take turns, each met by the caches as in a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tvm
from tvm import te, tirx

from edge_runtime.manifest import TensorSpec
from neo_compiler.native.codegen import generate_object
from neo_compiler.native.link import link
from neo_compiler.native.memory import aligned
from neo_compiler.native.plan import Placed, Plan, Step, Where
from neo_compiler.native.storage import byte_size
from neo_compiler.schedule import schedule_function
from neo_compiler.schedule.choice import ByName
from neo_compiler.target import Target
from neo_compiler.tune.survey import Tensor, tensors

CANDIDATE, WASH = "candidate", "wash"
_PAIR = 2 * 4  # bytes: washing reads a float32 and writes it elsewhere
# Twice the second-level cache of a current core; with several threads each of them washes its own.
MOST_WASHED = 4 << 20


@dataclass(frozen=True)
class Subject:
    """What a worker is told of a kernel.

    `function` is the unscheduled function as TVM's JSON; `weights` tells of each input whether it is a
    constant; `washed` is how many bytes the model reads and writes between two calls.
    """

    function: str
    weights: tuple[bool, ...]
    washed: int


def build_trial(subject: Subject, candidates: tuple[str, ...], target: Target, library: Path) -> None:
    """Write `library`, whose run executes every candidate once.

    Before each, as much memory as the rest of a model uses is copied, and what the kernel before it would
    have made is written, so that weights are as far away, and activations as near, as in a model. The inputs
    are those of the kernel and then the memory to copy; the outputs those of each candidate in order.
    """
    function = tvm.ir.load_json(subject.function)
    layout = _Layout(subject, tensors(function), len(candidates))
    kernels = {WASH: _copy(layout.wash), **{f"make{n}": _copy(layout.inputs[n]) for n in layout.made}}
    scheduled = {name: schedule_function(kernel, target)[0] for name, kernel in kernels.items()}
    for number, name in enumerate(candidates):
        scheduled[f"{CANDIDATE}{number}"], _ = schedule_function(function, target, ByName(name))
    objects = [library.with_suffix(".o")]
    scratch = generate_object(tvm.IRModule(scheduled), target, objects[0])
    link(objects, layout.plan(scratch), target, library)
    objects[0].unlink()


class _Layout:
    """Where everything lies: all tensors once, but one set of outputs for each candidate."""

    def __init__(self, subject: Subject, parameters: list[Tensor], count: int) -> None:
        self.inputs = parameters[: len(subject.weights)]
        self.outputs = parameters[len(subject.weights) :] * count
        self.count = count
        self.made = [number for number, weight in enumerate(subject.weights) if not weight]
        self.wash: Tensor = "float32", (-(-min(subject.washed, MOST_WASHED) // _PAIR),)
        self.arena = 0

    def plan(self, scratch: int) -> Plan:
        """The plan of a run."""
        given = [Placed(Where.INPUT, *row, n) for n, row in enumerate([*self.inputs, self.wash])]
        made = [self._in_arena(self.inputs[n]) for n in self.made]
        washed = self._in_arena(self.wash)
        results = [Placed(Where.OUTPUT, *row, n) for n, row in enumerate(self.outputs)]
        first = len(given) + len(made) + 1
        return Plan(
            inputs=tuple(TensorSpec(f"i{row.index}", row.dtype, row.fixed_shape) for row in given),
            outputs=tuple(TensorSpec(f"o{row.index}", row.dtype, row.fixed_shape) for row in results),
            tensors=(*given, *made, washed, *results),
            steps=tuple(self._steps(first)),
            results=tuple(range(first, first + len(results))),
            arena_bytes=self.arena,
            params_bytes=0,
            scratch_bytes=scratch,
        )

    def _in_arena(self, tensor: Tensor) -> Placed:
        offset, self.arena = self.arena, self.arena + aligned(byte_size(*tensor))
        return Placed(Where.ARENA, *tensor, 0, offset)

    def _steps(self, first: int) -> Iterator[Step]:
        """`first` is the position of the first output; before it lies what is washed with."""
        wash = len(self.inputs)
        made = dict(zip(self.made, range(wash + 1, first - 1), strict=True))
        sources = tuple(made.get(number, number) for number in range(wash))
        each = len(self.outputs) // self.count
        for number in range(self.count):
            yield Step(WASH, (wash, first - 1))
            yield from (Step(f"make{source}", (source, place)) for source, place in made.items())
            start = first + number * each
            yield Step(f"{CANDIDATE}{number}", (*sources, *range(start, start + each)))


def _copy(tensor: Tensor) -> tirx.PrimFunc:
    source = te.placeholder(tensor[1], tensor[0], "source")
    return te.create_prim_func([source, te.compute(tensor[1], lambda *i: source[i], "copy")])
