"""Instructions that compute with numbers."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation, c_type


def binary(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        a, b = (op.value(operand, op.type) for operand in op.raw[1:3])
        value = template.format(a=a, b=b)
        if "sat" in op.modifiers:
            value = f"saturated({value})"
        return op.assign(op.raw[0], value, op.type)

    return make


def unary(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        return op.assign(op.raw[0], template.format(a=op.value(op.raw[1], op.type)), op.type)

    return make


def _wider(kind: str) -> str:
    return f"{kind[0]}{int(kind[1:]) * 2}"


def _product(op: Operation, a: str, b: str) -> tuple[str, str]:
    """The product's C and its type, as .lo, .hi or .wide ask for it."""
    kind = op.type
    if "wide" in op.modifiers:
        wide = _wider(kind)
        return f"(({c_type(wide)}){a} * ({c_type(wide)}){b})", wide
    if "hi" in op.modifiers:
        bits = int(kind[1:])
        wide = "__int128" if kind == "s64" else "unsigned __int128" if bits == 64 else c_type(_wider(kind))
        return f"(({c_type(kind)})((({wide}){a} * ({wide}){b}) >> {bits}))", kind
    unsigned = f"u{kind[1:]}"
    return f"(({c_type(unsigned)}){a} * ({c_type(unsigned)}){b})", kind


def _mul(op: Operation) -> str:
    if op.type[0] == "f":
        return binary("({a} * {b})")(op)
    value, kind = _product(op, *(op.value(operand, op.type) for operand in op.raw[1:3]))
    return op.assign(op.raw[0], value, kind)


def _mad(op: Operation) -> str:
    if op.type[0] == "f":
        return _fma(op)
    value, kind = _product(op, *(op.value(operand, op.type) for operand in op.raw[1:3]))
    return op.assign(op.raw[0], f"{value} + {op.value(op.raw[3], kind)}", kind)


def _fma(op: Operation) -> str:
    a, b, c = (op.value(operand, op.type) for operand in op.raw[1:4])
    value = {
        "f32": f"fmaf({a}, {b}, {c})",
        "f64": f"fma({a}, {b}, {c})",
        "f16": f"(_Float16)fma((double){a}, (double){b}, (double){c})",
    }[op.type]
    if "rm" in op.modifiers and op.type == "f32":
        value = f"fma_down({a}, {b}, {c})"
    elif {"relu", "rm", "rz", "rp"} & set(op.modifiers):
        raise op.unknown()
    return op.assign(op.raw[0], f"saturated({value})" if "sat" in op.modifiers else value, op.type)


def _div(op: Operation) -> str:
    return binary("({a} / {b})")(op)


def _extreme(name: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        if op.type[0] != "f":
            return binary(f"{name}({{a}}, {{b}})")(op)
        nan = "_NAN" if "NaN" in op.modifiers else ""
        call = f"{name}{nan}" if nan else f"f{name.lower()}{'' if op.type == 'f64' else 'f'}"
        return binary(f"{call}({{a}}, {{b}})")(op)

    return make


def _signed_zero(op: Operation, name: str) -> str:
    f = "" if op.type == "f64" else "f"
    return op.assign(op.raw[0], f"{name}{f}({op.value(op.raw[1], op.type)})", op.type)


def _copysign(op: Operation) -> str:
    f = "" if op.type == "f64" else "f"
    a, b = (op.value(operand, op.type) for operand in op.raw[1:3])
    return op.assign(op.raw[0], f"copysign{f}({b}, {a})", op.type)


def _abs(op: Operation) -> str:
    if op.type[0] == "f":
        return _signed_zero(op, "fabs")
    return unary("({a} < 0 ? -{a} : {a})")(op)


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "add": binary("({a} + {b})"),
    "sub": binary("({a} - {b})"),
    "mul": _mul,
    "mad": _mad,
    "fma": _fma,
    "div": _div,
    "rem": binary("({a} % {b})"),
    "min": _extreme("MIN"),
    "max": _extreme("MAX"),
    "abs": _abs,
    "neg": unary("(-{a})"),
    "copysign": _copysign,
    "sqrt": unary("sqrt({a})"),
    "rsqrt": unary("(1.0 / sqrt({a}))"),
    "rcp": unary("(1 / {a})"),
    "ex2": unary("exp2f({a})"),
    "lg2": unary("log2f({a})"),
    "sin": unary("sinf({a})"),
    "cos": unary("cosf({a})"),
    "tanh": unary("tanhf({a})"),
}
