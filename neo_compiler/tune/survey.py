"""The kernels of a module that have a choice of schedules, the most expensive first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import numpy as np
import tvm
import tvm_ffi
from tvm import relax, tirx
from tvm.s_tir import Schedule

from neo_compiler.lower.values import is_constant
from neo_compiler.schedule import candidates
from neo_compiler.target import Target

Tensor = tuple[str, tuple[int, ...]]  # dtype, shape


@dataclass(frozen=True)
class Kernel:
    """An unscheduled function that `name` calls `calls` times in a run.

    `weights` tells of each input whether it is a constant. `work` counts the iterations of all calls.
    """

    name: str
    function: tirx.PrimFunc
    candidates: tuple[str, ...]
    calls: int
    weights: tuple[bool, ...]
    work: int

    @property
    def tensors(self) -> list[Tensor]:
        """The parameters, inputs first."""
        return tensors(self.function)

    @property
    def key(self) -> str:
        """The same for functions that differ in names only, in every process; 64 bits."""
        return f"{tvm_ffi.structural_hash(_bare(self.function), map_free_vars=True) % 2**64:016x}"

    @property
    def shapes(self) -> str:
        """The parameters as a text."""
        return " ".join(f"{dtype}[{','.join(map(str, shape))}]" for dtype, shape in self.tensors)


def survey(module: tvm.IRModule, target: Target) -> list[Kernel]:
    """The kernels of `module` that can be scheduled in several ways, the one with the most work first."""
    calls: dict[str, list[relax.Call]] = {}
    for call in _calls(module["main"]):
        calls.setdefault(call.args[0].name_hint, []).append(call)
    functions = {variable.name_hint: function for variable, function in module.functions.items()}
    kernels = [_kernel(name, functions[name], rows, target) for name, rows in calls.items()]
    return sorted((row for row in kernels if len(row.candidates) > 1), key=lambda row: -row.work)


def footprint(module: tvm.IRModule) -> int:
    """Bytes that all kernel calls of a run read and write: what comes into the caches between two runs."""
    functions = {variable.name_hint: function for variable, function in module.functions.items()}
    return sum(nbytes(functions[call.args[0].name_hint]) for call in _calls(module["main"]))


def tensors(function: tirx.PrimFunc) -> list[Tensor]:
    """Dtypes and shapes of a function's parameters."""
    kinds = [param.ty for param in function.params]
    return [(str(kind.dtype), tuple(int(size) for size in kind.shape)) for kind in kinds]


def nbytes(function: tirx.PrimFunc) -> int:
    """Bytes of all parameters."""
    return sum(prod(shape) * np.dtype(dtype).itemsize for dtype, shape in tensors(function))


def _calls(main: relax.Function) -> Iterator[relax.Call]:
    for block in main.body.blocks:
        for binding in block.bindings:
            value = binding.value
            if isinstance(value, relax.Call) and value.op.name == "relax.call_tir":
                yield value


def _kernel(name: str, function: tirx.PrimFunc, calls: list[relax.Call], target: Target) -> Kernel:
    weights = tuple(is_constant(field) for field in calls[0].args[1].fields)
    names = candidates(function, target)
    work = len(calls) * _iterations(function) if names else 0
    return Kernel(name, function, names, len(calls), weights, work)


def _iterations(function: tirx.PrimFunc) -> int:
    sch = Schedule(tvm.IRModule({"main": function}))
    blocks = [sch.get(block) for block in sch.get_child_blocks(sch.get_sblock("root"))]
    return sum(prod(int(axis.dom.extent) for axis in block.iter_vars) for block in blocks)


def _bare(function: tirx.PrimFunc) -> tirx.PrimFunc:
    for attribute in list(function.attrs.keys()):
        function = function.without_attr(attribute)
    return function
