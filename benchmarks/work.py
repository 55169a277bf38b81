"""What each kernel of a model has to do: operations and bytes, as the compiler lowers it.

    python -m benchmarks.work NAME TARGET

prints JSON, kernel → {"rule", "flops", "bytes", "product"}.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from math import prod

import numpy as np
import onnx
import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir.expr import TensorLoad
from tvm.s_tir import Schedule

from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.extract import extract
from neo_compiler.native.plan import Placed, Plan
from neo_compiler.schedule import Scheduled, schedule
from neo_compiler.target import Target, find_target
from neo_compiler.tools import translate

ARITHMETIC = (tirx.Add, tirx.Sub, tirx.Mul, tirx.Div, tirx.Max, tirx.Min)


@dataclass(frozen=True)
class Work:
    """One call of a kernel.

    `flops` counts the arithmetic of its expressions before scheduling: a multiply-add is two, and channels
    that only fill up a block count, since they are computed too; None where the kernel is a loop that nobody
    can see into. `product` is the part of them that is in the costliest of its blocks: all but the transforms
    and what follows of a convolution by Winograd. `bytes` counts each element of its tensors once, as far as
    it can be used.
    """

    rule: str
    flops: float | None
    bytes: int
    product: float | None = None


def kernel_work(model: onnx.ModelProto, target: Target) -> dict[str, Work]:
    """The work of each kernel of a prepared model, by the name that the profile has for it."""
    with translate(model):
        lowered = lower(model, target)
        scheduled = schedule(lowered, target)
        plan = extract(scheduled.module, tuple(output.name for output in model.graph.output)).plan
    return scheduled_work(lowered, scheduled, plan)


def scheduled_work(lowered: tvm.IRModule, scheduled: Scheduled, plan: Plan) -> dict[str, Work]:
    """The same of a model that is lowered and scheduled already, and of its plan."""
    functions = {variable.name_hint: function for variable, function in lowered.functions.items()}
    rows = {}
    for step in plan.steps:
        function, tensors = functions[step.kernel], [plan.tensors[position] for position in step.args]
        rows[step.kernel] = _work(function, scheduled.rules[step.kernel], tensors)
    return rows


def _work(function: tirx.PrimFunc, rule: str, tensors: list[Placed]) -> Work:
    """Of a kernel whose parameters are `tensors`, before it is scheduled."""
    sizes = [prod(tensor.fixed_shape) for tensor in tensors]
    flops = product = None
    if (blocks := _blocks(function)) is not None:
        counts = [float(runs * _arithmetic(body)) for runs, body in blocks]
        flops, product = sum(counts), max(counts)
        sizes = [min(pair) for pair in zip(sizes, _most_used(function, blocks), strict=True)]
    widths = [np.dtype(tensor.dtype).itemsize for tensor in tensors]
    nbytes = sum(size * width for size, width in zip(sizes, widths, strict=True))
    return Work(rule, flops, nbytes, product)


Blocks = list[tuple[int, tirx.Stmt]]  # how often each statement is executed


def _blocks(function: tirx.PrimFunc) -> Blocks | None:
    if function.body.block.name_hint != "root":
        return None
    sch = Schedule(tvm.IRModule({"main": function}))
    blocks = [sch.get(block) for block in sch.get_child_blocks(sch.get_sblock("root"))]
    return [(prod(int(axis.dom.extent) for axis in block.iter_vars), block.body) for block in blocks]


def _arithmetic(body: tirx.Stmt) -> int:
    """How many operations on values a statement has; those on positions, which are int64, are none."""
    types: list[str] = []
    tvm_ffi.structural_walk(body, (ARITHMETIC, lambda node: types.append(str(node.ty.dtype))))
    return sum(name != "int64" for name in types)


def _most_used(function: tirx.PrimFunc, blocks: Blocks) -> list[int]:
    """How many elements of each parameter are loaded or stored at most; a lookup leaves most of its table."""
    counts = dict.fromkeys(function.params, 0)
    for runs, body in blocks:
        buffers: list[tirx.PrimExpr] = []
        loads = (TensorLoad, lambda load, found=buffers: found.append(load.source))
        stores = (tirx.BufferStore, lambda store, found=buffers: found.append(store.buffer))
        tvm_ffi.structural_walk(body, (loads, stores))
        for buffer in buffers:
            if buffer in counts:
                counts[buffer] += runs
    return list(counts.values())


def main(name: str, target: str) -> None:
    """Print the work of a model of the zoo."""
    prepared = prepare(load(zoo.fetch(name)), zoo.MODELS[name].shapes)
    rows = kernel_work(prepared, find_target(target))
    print(json.dumps({kernel: asdict(row) for kernel, row in rows.items()}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
