"""The tensor cores' instructions as functions that kernels call, in LLVM's language.

TVM's own translation knows no instruction that gives several values. These are linked into the kernels, and
nothing of a call remains. A lane's four sums lie in memory of its own, which LLVM turns into registers.
"""

from __future__ import annotations

import itertools

import tvm
import tvm_ffi
from tvm import tirx

_PREFIX = "neo_"  # of the functions' names
_FOUR = "{ float, float, float, float }"


def with_addresses(module: tvm.IRModule) -> tvm.IRModule:
    """Lowered kernels whose calls of these functions are as LLVM's text has them."""
    functions = {
        variable: function.with_body(tvm_ffi.structural_map(function.body, (tvm.ir.Call, _with_address)))
        for variable, function in module.functions.items()
    }
    return tvm.IRModule(functions, attrs=module.attrs)


def uses_tensor_cores(module: tvm.IRModule) -> bool:
    """Whether some kernel calls one of these functions."""
    return any(_calls(function.body) for function in module.functions.values())


def _ours(call: tvm.ir.Call) -> bool:
    external = isinstance(call.op, tvm.ir.Op) and call.op.name == "tirx.call_extern"
    return external and str(call.args[0].value).startswith(_PREFIX)


def _calls(body: tirx.Stmt) -> bool:
    found: list[bool] = []
    tvm_ffi.structural_walk(body, (tvm.ir.Call, lambda call: found.append(_ours(call))))
    return any(found)


def _with_address(call: tvm.ir.Call) -> tvm.ir.Call:
    """The call with an array and a place in it for the address of a value, which TVM does not translate."""
    if (
        not _ours(call)
        or not isinstance(call.args[1], tvm.ir.Call)
        or call.args[1].op.name != "tirx.address_of"
    ):
        return call
    name, address, *values = call.args
    (load,) = address.args
    (place,) = load.indices
    return tirx.call_extern("void", str(name.value), load.source.data, place, *values)


def functions() -> str:
    """All of them, as LLVM's text."""
    return "\n".join([_ROUND_TF32, _multiply_tf32(), _multiply_fp16("k8", 2, 1), _multiply_fp16("k16", 4, 2)])


_ROUND_TF32 = """
define linkonce_odr float @neo_round_tf32(float %x) alwaysinline {
  %bits = call i32 asm "cvt.rna.tf32.f32 $0, $1;", "=r,f"(float %x) nounwind memory(none)
  %y = bitcast i32 %bits to float
  ret float %y
}
"""


def _multiply_tf32() -> str:
    rows = [f"  %r{number} = bitcast float %v{number} to i32" for number in range(6)]
    return _function("neo_mma_tf32_k8", "tf32", ["float"] * 6, rows, (4, 2))


def _multiply_fp16(terms: str, first: int, second: int) -> str:
    """`first` and `second` are the operands' registers, of two values each."""
    rows = [
        line
        for number in range(first + second)
        for line in (
            f"  %a{number} = insertelement <2 x half> poison, half %v{2 * number}, i32 0",
            f"  %b{number} = insertelement <2 x half> %a{number}, half %v{2 * number + 1}, i32 1",
            f"  %r{number} = bitcast <2 x half> %b{number} to i32",
        )
    ]
    return _function(f"neo_mma_fp16_{terms}", "f16", ["half"] * (2 * (first + second)), rows, (first, second))


def _function(name: str, kind: str, given: list[str], rows: list[str], registers: tuple[int, int]) -> str:
    """A function of the sums' place in an array and of values; `rows` pack these into %r0, %r1 ...

    It is the instruction's text, since LLVM has intrinsics for it in versions of PTX alone that it is told of
    when code is generated for the second time.
    """
    parameters = ", ".join(f"{dtype} %v{number}" for number, dtype in enumerate(given))
    lines = [
        f"define linkonce_odr void @{name}(ptr %array, i32 %place, {parameters}) alwaysinline {{",
        "  %sums = getelementptr float, ptr %array, i32 %place",
        *rows,
    ]
    for number in range(4):
        lines.append(f"  %p{number} = getelementptr float, ptr %sums, i32 {number}")
        lines.append(f"  %c{number} = load float, ptr %p{number}, align 4")
    lines.append(_instruction(f"m16n8{name.rpartition('_')[2]}.row.col.f32.{kind}.{kind}.f32", registers))
    for number in range(4):
        lines.append(f"  %d{number} = extractvalue {_FOUR} %d, {number}")
        lines.append(f"  store float %d{number}, ptr %p{number}, align 4")
    return "\n".join([*lines, "  ret void", "}"])


def _instruction(kind: str, registers: tuple[int, int]) -> str:
    count = sum(registers)
    text = f"mma.sync.aligned.{kind} {_places((4, *registers, 4))};"
    constraints = ",".join(["=f"] * 4 + ["r"] * count + ["f"] * 4)
    values = [f"i32 %r{number}" for number in range(count)] + [f"float %c{number}" for number in range(4)]
    effects = "convergent nounwind memory(none)"
    return f'  %d = call {_FOUR} asm "{text}", "{constraints}"({", ".join(values)}) {effects}'


def _places(operands: tuple[int, ...]) -> str:
    """The instruction's operands as LLVM numbers them, each between braces."""
    ends = list(itertools.accumulate(operands))
    groups = (range(end - size, end) for end, size in zip(ends, operands, strict=True))
    return ", ".join("{" + ", ".join(f"${number}" for number in group) + "}" for group in groups)
