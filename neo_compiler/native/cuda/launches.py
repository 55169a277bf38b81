"""Scheduled TensorIR → kernels, and the launches that each operator consists of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tvm
import tvm_ffi
from tvm import tirx

from neo_compiler.native.cuda.image import Extent, Geometry
from neo_compiler.native.kernels import kernels_of
from neo_compiler.target import Target

# What would turn the host's part into a function that TVM calls; that part is only read here.
_HOST_PASSES = frozenset({"tirx.MakePackedAPI", "tirx.FP8StorageLegalize", "tirx.BF16StorageLegalize"})
# Mathematical functions have no form for vectors; LLVM joins loads and stores that are neighbours by itself.
_CONFIG = {"tirx.disable_vectorize": True}

MOST_THREADS = 1024
MOST_BLOCKS = 65535  # along y and z
MOST_SHARED = 48 * 1024


@dataclass(frozen=True)
class Call:
    """A launch; `args` are places among the operator's parameters, followed by its temporaries."""

    kernel: str
    geometry: Geometry
    args: tuple[int, ...]


@dataclass(frozen=True)
class Operator:
    """A fused operator: `temporaries` are the dtypes and shapes of what passes between its launches."""

    calls: tuple[Call, ...]
    temporaries: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class Kernels:
    """The device's functions, lowered, and the operators of the module by name."""

    device: tvm.IRModule
    operators: Mapping[str, Operator]


@tvm.ir.instrument.pass_instrument
class _WithoutHost:
    def should_run(self, _module: tvm.IRModule, info: tvm.transform.PassInfo) -> bool:
        return info.name not in _HOST_PASSES


def split_kernels(module: tvm.IRModule, target: Target) -> Kernels:
    """Lower the scheduled TensorIR functions of `module`, whose shapes are static, to kernels.

    Raises ValueError for a function that leaves work to the host or goes beyond the limits of every GPU.
    """
    functions = kernels_of(module)
    gpu = tvm.target.Target(target.nvptx())
    lower, _, _ = tirx.get_tir_pipeline("s_tir")
    with tvm.transform.PassContext(opt_level=3, config=_CONFIG, instruments=[_WithoutHost()]):
        bound = tirx.transform.BindTarget(gpu.with_host(tvm.target.Target(target.llvm())))
        lowered = lower(bound(tvm.IRModule(functions)))
    device, operators = {}, {}
    names = {variable.name_hint for variable in functions}
    for variable, function in lowered.functions.items():
        if variable.name_hint in names:
            operators[variable.name_hint] = _operator(function)
        else:
            device[variable] = function
            _check_shared(variable.name_hint, function)
    return Kernels(tvm.IRModule(device), dict(sorted(operators.items())))


class _Host:
    """The host's part of an operator, statement by statement."""

    def __init__(self, function: tirx.PrimFunc) -> None:
        self._places = {parameter: place for place, parameter in enumerate(function.params)}
        self._parameters = len(self._places)
        self.temporaries: list[tuple[str, tuple[int, ...]]] = []
        self.calls: list[Call] = []

    def read(self, statement: tirx.Stmt) -> None:
        if isinstance(statement, tirx.SeqStmt):
            for part in statement.seq:
                self.read(part)
        elif isinstance(statement, tirx.AttrStmt):
            self.read(statement.body)
        elif isinstance(statement, tirx.DeclBuffer):
            self._places[statement.buffer] = self._places[statement.data.args[0]]
        elif isinstance(statement, tirx.AllocBuffer):
            self._allocate(statement.buffer)
        elif isinstance(statement, tirx.Evaluate) and isinstance(statement.value, tvm.ir.Call):
            self.calls.append(self._launch(statement.value))
        else:
            raise ValueError(f"work is left to the host: {statement}")

    def _allocate(self, buffer: tirx.Buffer) -> None:
        self._places[buffer] = self._parameters + len(self.temporaries)
        self.temporaries.append((str(buffer.dtype), tuple(int(extent) for extent in buffer.shape)))

    def _launch(self, call: tvm.ir.Call) -> Call:
        name, *rest = call.args
        axes = [str(axis) for axis in call.attrs.launch_params]
        tensors, extents = rest[: len(rest) - len(axes)], rest[len(rest) - len(axes) :]
        sizes = {axis: int(extent) for axis, extent in zip(axes, extents, strict=True)}
        grid, block = _extent(sizes, "blockIdx"), _extent(sizes, "threadIdx")
        if sizes or math.prod(block) > MOST_THREADS or max(grid[1:]) > MOST_BLOCKS:
            raise ValueError(f"{name.value}: it cannot be launched with {axes} of {extents}")
        places = tuple(self._places[tensor.args[0]] for tensor in tensors)
        return Call(str(name.value), Geometry(grid, block), places)


def _extent(sizes: dict[str, int], kind: str) -> Extent:
    return sizes.pop(f"{kind}.x", 1), sizes.pop(f"{kind}.y", 1), sizes.pop(f"{kind}.z", 1)


def _operator(function: tirx.PrimFunc) -> Operator:
    host = _Host(function)
    host.read(function.body)
    return Operator(tuple(host.calls), tuple(host.temporaries))


def _check_shared(name: str, kernel: tirx.PrimFunc) -> None:
    sizes: list[int] = []

    def visit(allocation: tirx.AllocBuffer) -> None:
        buffer = allocation.buffer
        if buffer.scope().startswith("shared"):
            sizes.append(
                math.prod(int(extent) for extent in buffer.shape) * np.dtype(str(buffer.dtype)).itemsize
            )

    tvm_ffi.structural_walk(kernel.body, (tirx.AllocBuffer, visit))
    if sum(sizes) > MOST_SHARED:
        raise ValueError(
            f"{name}: it needs {sum(sizes)} bytes of shared memory, and blocks have {MOST_SHARED}"
        )
