"""Scheduled TensorIR → one object file for the target."""

from __future__ import annotations

import math
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tvm
import tvm_ffi
from tvm import tirx
from tvm.tirx.build import codegen_build

from neo_compiler.errors import NeoError
from neo_compiler.native.memory import aligned
from neo_compiler.native.system import join_objects
from neo_compiler.native.zig import run_zig
from neo_compiler.target import Target

# The driver calls every kernel with the very tensors it was compiled for.
_CONFIG = {"tirx.disable_assert": True}

# Fixed, since another number gives other bytes, and artifacts must not depend on the machine that made them.
_PARTS = 4


def generate_object(module: tvm.IRModule, target: Target, output: Path) -> int:
    """Write the kernels of `module` to `output` as an object file.

    Each TensorIR function NAME becomes `__tvm_ffi_NAME`. Returns the most bytes of workspace that one
    thread asks for at a time.
    """
    kernels = {
        variable: function.with_attr("global_symbol", variable.name_hint)
        for variable, function in module.functions.items()
        if isinstance(function, tirx.PrimFunc)
    }
    llvm = tvm.target.Target(target.llvm())
    lower, finish, _ = tirx.get_tir_pipeline("s_tir")
    with tvm.transform.PassContext(opt_level=3, config=_CONFIG):
        lowered = tirx.transform.BindTarget(llvm.with_host(llvm))(tvm.IRModule(kernels))
        lowered = lower(lowered)
        lowered = finish()(_keep_in_registers(lowered, target) if target.arm else lowered)
    _write_in_parts(lowered, target, output)
    return max((_workspace_bytes(kernel) for kernel in lowered.functions.values()), default=0)


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
        size = math.prod(int(extent) for extent in buffer.shape) * buffer.dtype.bits * buffer.dtype.lanes // 8
        if buffer.scope() != "local" or size > target.registers * target.vector:
            return allocation
        return tirx.AllocBuffer(buffer, {"disable_lower_builtin": tirx.const(True, "bool")})

    for variable, function in module.functions.items():
        body = tvm_ffi.structural_map(function.body, (tirx.AllocBuffer, visit))
        module.update_func(variable, function.with_body(body))
    return module


def _workspace_bytes(kernel: tirx.PrimFunc) -> int:
    """The sum of a kernel's allocations: what it asks for if none were freed before the last."""
    sizes: list[int] = []

    def visit(call: tvm.ir.Call) -> None:
        if isinstance(call.op, tvm.ir.Op) and call.op.name == "tirx.TVMBackendAllocWorkspace":
            sizes.append(aligned(int(call.args[2])))

    tvm_ffi.structural_walk(kernel.body, (tvm.ir.Call, visit))
    return sum(sizes)
