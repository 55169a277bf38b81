"""What each kernel of a model has to do: operations and bytes, as the compiler lowers it.

    python -m benchmarks.work NAME TARGET

prints JSON, kernel → {"rule", "flops", "bytes"}.
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
from tvm.s_tir import Schedule

from benchmarks import zoo
from neo_compiler.frontend import load
from neo_compiler.graph import prepare
from neo_compiler.lower import lower
from neo_compiler.native.extract import extract
from neo_compiler.native.plan import Placed, Plan
from neo_compiler.schedule import schedule
from neo_compiler.target import Target, find_target
from neo_compiler.tools import translate

ARITHMETIC = (tirx.Add, tirx.Sub, tirx.Mul, tirx.Div, tirx.Max, tirx.Min)


@dataclass(frozen=True)
class Work:
    """One call of a kernel.

    `flops` counts the arithmetic of its expressions before scheduling: a multiply-add is two, and channels
    that only fill up a block count, since they are computed too; None where the kernel is a loop that nobody
    can see into. `bytes` counts each tensor once and in full, also the table of a lookup.
    """

    rule: str
    flops: float | None
    bytes: int


def kernel_work(model: onnx.ModelProto, target: Target) -> dict[str, Work]:
    """The work of each kernel of a prepared model, by the name that the profile has for it."""
    with translate(model):
        lowered = lower(model, target)
        scheduled = schedule(lowered, target)
        plan = extract(scheduled.module, tuple(output.name for output in model.graph.output)).plan
    functions = {variable.name_hint: function for variable, function in lowered.functions.items()}
    sizes = _bytes(plan)
    return {name: Work(scheduled.rules[name], _flops(functions[name]), size) for name, size in sizes.items()}


def _flops(function: tirx.PrimFunc) -> float | None:
    """The arithmetic in each block's body, as often as the block's axes have it run."""
    root = function.body.block
    if root.name_hint != "root":
        return None
    schedule = Schedule(tvm.IRModule({"main": function}))
    blocks = [schedule.get(block) for block in schedule.get_child_blocks(schedule.get_sblock("root"))]
    return float(
        sum(
            prod(int(axis.dom.extent) for axis in block.iter_vars) * _arithmetic(block.body)
            for block in blocks
        )
    )


def _arithmetic(body: tirx.Stmt) -> int:
    """How many operations on values a statement has; those on positions, which are int64, are none."""
    types: list[str] = []
    tvm_ffi.structural_walk(body, (ARITHMETIC, lambda node: types.append(str(node.ty.dtype))))
    return sum(name != "int64" for name in types)


def _bytes(plan: Plan) -> dict[str, int]:
    sizes = [_size(tensor) for tensor in plan.tensors]
    return {step.kernel: sum(sizes[position] for position in step.args) for step in plan.steps}


def _size(tensor: Placed) -> int:
    return prod(tensor.shape) * np.dtype(tensor.dtype).itemsize


def main(name: str, target: str) -> None:
    """Print the work of a model of the zoo."""
    prepared = prepare(load(zoo.fetch(name)), zoo.MODELS[name].shapes)
    rows = kernel_work(prepared, find_target(target))
    print(json.dumps({kernel: asdict(row) for kernel, row in rows.items()}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
