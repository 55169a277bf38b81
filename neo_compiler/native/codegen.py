"""Scheduled TensorIR → one object file for the target."""

from __future__ import annotations

import math
from pathlib import Path

import tvm
import tvm_ffi
from tvm import tirx
from tvm.tirx.build import codegen_build

from neo_compiler.native.memory import aligned
from neo_compiler.target import Target

# The driver calls every kernel with the very tensors it was compiled for.
_CONFIG = {"tirx.disable_assert": True}


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
        scratch = max((_workspace_bytes(kernel) for kernel in lowered.functions.values()), default=0)
        codegen_build(lowered, llvm).write_to_file(str(output), "o")
    return scratch


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
