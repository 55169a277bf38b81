"""Scheduled TensorIR → one object file for the target."""

from __future__ import annotations

import math
import operator
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tvm
import tvm_ffi
from tvm import tirx
from tvm.tirx.build import codegen_build

from neo_compiler.errors import NeoError
from neo_compiler.native.kernels import kernels_of
from neo_compiler.native.memory import aligned
from neo_compiler.native.toolchain.system import join_objects
from neo_compiler.native.toolchain.zig import run_zig
from neo_compiler.target import Target

# The driver calls every kernel with the very tensors it was compiled for.
_CONFIG = {"tirx.disable_assert": True}

# Fixed, since another number gives other bytes, and artifacts must not depend on the machine that made them.
_PARTS = 4


def generate_object(
    module: tvm.IRModule, target: Target, output: Path, most: Mapping[str, int] | None = None
) -> int:
    """Write the kernels of `module` to `output` as an object file.

    Each TensorIR function NAME becomes `__tvm_ffi_NAME`. `most` tells the largest values of the whole numbers
    that are parameters of kernels. Returns the most bytes of workspace that one thread asks for at a time.
    """
    kernels = kernels_of(module)
    llvm = tvm.target.Target(target.llvm())
    lower, finish, _ = tirx.get_tir_pipeline("s_tir")
    with tvm.transform.PassContext(opt_level=3, config=_CONFIG):
        lowered = tirx.transform.BindTarget(llvm.with_host(llvm))(tvm.IRModule(kernels))
        lowered = lower(lowered)
        lowered = finish()(_keep_in_registers(lowered, target) if target.arm else lowered)
    _write_in_parts(lowered, target, output)
    return max((_workspace_bytes(kernel, most or {}) for kernel in lowered.functions.values()), default=0)


def _write_in_parts(lowered: tvm.IRModule, target: Target, output: Path) -> None:
    """Let LLVM work on several parts at once: it takes most of a compilation's time."""
    llvm = tvm.target.Target(target.llvm())
    kernels = sorted(lowered.functions.items(), key=lambda kernel: str(kernel[0].name_hint))
    if len(kernels) <= _PARTS:
        _write(lowered, llvm, output)
        return
    with (
        tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as name,
        ThreadPoolExecutor(min(_PARTS, os.cpu_count() or 1)) as threads,
    ):
        parts = [tvm.IRModule(dict(kernels[first::_PARTS])) for first in range(_PARTS)]
        objects = [Path(name).resolve() / f"{number}.o" for number in range(_PARTS)]
        list(threads.map(lambda part, path: _write(part, llvm, path), parts, objects))
        _join(objects, target, output)


def _join(objects: list[Path], target: Target, output: Path) -> None:
    if target.compiler:
        join_objects(objects, target, output)
        return
    done = run_zig(["ld.lld", "-r", "-o", output.resolve(), *objects], objects[0].parent)
    if done.returncode:
        raise NeoError(f"the kernels' object files cannot be joined:\n{done.stderr.strip()}")


def _write(lowered: tvm.IRModule, llvm: tvm.target.Target, output: Path) -> None:
    with tvm.transform.PassContext(opt_level=3, config=_CONFIG):  # each thread has a context of its own
        codegen_build(lowered, llvm).write_to_file(str(output), "o")


def _keep_in_registers(module: tvm.IRModule, target: Target) -> tvm.IRModule:
    """Put local buffers that fit into the registers on the stack, where LLVM turns them into registers.

    TVM would make all of them workspace, whose contents LLVM must store.
    """

    def visit(allocation: tirx.AllocBuffer) -> tirx.AllocBuffer:
        buffer = allocation.buffer
        if not all(isinstance(extent, tirx.IntImm) for extent in buffer.shape):
            return allocation
        size = math.prod(int(extent) for extent in buffer.shape) * buffer.dtype.bits * buffer.dtype.lanes // 8
        if buffer.scope() != "local" or size > target.registers * target.vector:
            return allocation
        return tirx.AllocBuffer(buffer, {"disable_lower_builtin": tirx.const(True, "bool")})

    for variable, function in module.functions.items():
        body = tvm_ffi.structural_map(function.body, (tirx.AllocBuffer, visit))
        module.update_func(variable, function.with_body(body))
    return module


def _workspace_bytes(kernel: tirx.PrimFunc, most: Mapping[str, int]) -> int:
    """The sum of a kernel's allocations: what it asks for if none were freed before the last."""
    sizes: list[tirx.PrimExpr] = []
    values: dict[str, tirx.PrimExpr] = {}

    def visit(call: tvm.ir.Call) -> None:
        if isinstance(call.op, tvm.ir.Op) and call.op.name == "tirx.TVMBackendAllocWorkspace":
            sizes.append(call.args[2])

    def keep(binding: tirx.Bind) -> None:
        values[binding.var.name] = binding.value

    tvm_ffi.structural_walk(kernel.body, (tvm.ir.Call, visit))
    tvm_ffi.structural_walk(kernel.body, (tirx.Bind, keep))
    return sum(aligned(_largest(size, most, values)) for size in sizes)


def _largest(size: tirx.PrimExpr, most: Mapping[str, int], values: Mapping[str, tirx.PrimExpr]) -> int:
    """A size in bytes where the parameters have their largest values; `values` are those of variables."""
    if isinstance(size, tirx.IntImm):
        return int(size)
    if isinstance(size, tirx.Var):
        return most[size.name] if size.name in most else _largest(values[size.name], most, values)
    if isinstance(size, tirx.Cast):
        return _largest(size.value, most, values)
    if isinstance(size, tirx.Div | tirx.FloorDiv):
        # Sizes are not negative. A divisor that is no number is one at least.
        divisor = int(size.b) if isinstance(size.b, tirx.IntImm) else 1
        return _largest(size.a, most, values) // divisor
    return _OPERATORS[type(size)](_largest(size.a, most, values), _largest(size.b, most, values))


# What sizes in bytes are made of.
_OPERATORS: dict[type[tirx.PrimExpr], Callable[[int, int], int]] = {
    tirx.Add: operator.add,
    tirx.Sub: operator.sub,
    tirx.Mul: operator.mul,
    tirx.RShift: operator.rshift,
    tirx.Max: max,
    tirx.Min: min,
}
