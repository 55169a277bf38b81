"""What LLVM's backend for NVIDIA's GPUs does not take as TVM says it."""

from __future__ import annotations

import tvm
import tvm_ffi
from tvm import tirx

_SYNC = "tirx.tvm_storage_sync"
_BARRIER = "llvm.nvvm.barrier.cta.sync.aligned.all"


def mend(module: tvm.IRModule) -> tvm.IRModule:
    """Lowered kernels with barriers and thread numbers that LLVM's backend takes."""
    functions = {
        variable: function.with_body(_narrow_threads(_with_barriers(function.body)))
        for variable, function in module.functions.items()
    }
    return tvm.IRModule(functions, attrs=module.attrs)


def _with_barriers(body: tirx.Stmt) -> tirx.Stmt:
    """TVM's own translation of a barrier lacks the argument that LLVM's has now."""

    def visit(call: tvm.ir.Call) -> tvm.ir.Call:
        if not (isinstance(call.op, tvm.ir.Op) and call.op.name == _SYNC):
            return call
        if not str(call.args[0].value).startswith("shared"):
            raise ValueError(f"no kernel of ours synchronises anything but a block: {call}")
        return tirx.call_llvm_intrin("void", _BARRIER, tirx.const(0, "int32"))

    return tvm_ffi.structural_map(body, (tvm.ir.Call, visit))


def _narrow_threads(body: tirx.Stmt) -> tirx.Stmt:
    """Numbers of threads and blocks have 32 bits; where TVM counts them in 64, a value of 32 is widened."""

    def visit(statement: tirx.AttrStmt) -> tirx.AttrStmt:
        axis = statement.node
        if statement.attr_key != "thread_extent" or str(axis.var.ty.dtype) != "int64":
            return statement
        thread = tirx.Var(axis.var.name, "int32")
        wide = tirx.Cast("int64", thread)
        extent = tirx.const(int(statement.value), "int32")
        narrow = tirx.IterVar(tvm.ir.Range(0, extent), thread, axis.iter_type, axis.thread_tag)
        replace = (tirx.Var, lambda variable: wide if variable.same_as(axis.var) else variable)
        inside = tvm_ffi.structural_map(statement.body, replace)
        return tirx.AttrStmt(narrow, statement.attr_key, extent, inside)

    return tvm_ffi.structural_map(body, (tirx.AttrStmt, visit))
