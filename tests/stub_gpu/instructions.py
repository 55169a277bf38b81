"""Single PTX instructions as C statements; registers hold bits, so that each instruction names its types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class Unknown(Exception):
    """PTX that is not translated, with its line."""


@dataclass(frozen=True)
class Line:
    """One line of a body; `params` numbers the parameters of its kernel by name."""

    number: int
    text: str
    kernel: Any
    params: Mapping[str, int]
    functions: Mapping[str, Any]


SPECIAL = {
    **{f"%tid.{axis}": f"self->tid[{i}]" for i, axis in enumerate("xyz")},
    **{f"%ctaid.{axis}": f"self->ctaid[{i}]" for i, axis in enumerate("xyz")},
    **{f"%ntid.{axis}": f"self->launch->block[{i}]" for i, axis in enumerate("xyz")},
    **{f"%nctaid.{axis}": f"self->launch->grid[{i}]" for i, axis in enumerate("xyz")},
    "%laneid": "(self->number % WARP)",
}
_TYPES = re.compile(r"[busf](8|16|32|64)$|pred$|f16x2$")


def _c_type(kind: str) -> str:
    letter, bits = kind[0], kind[1:]
    return f"{'int' if letter == 's' else 'uint'}{bits}_t"


def plain(name: str) -> str:
    """A PTX name as one of C."""
    return re.sub(r"\W", "_", name)


class Operation:
    """An instruction, split: opcode, modifiers, types, operands as C."""

    def __init__(self, row: Line, text: str) -> None:
        self.row = row
        head, _, rest = text.partition(" ")
        self.parts = head.split(".")
        self.name = self.parts[0]
        self.types = [part for part in self.parts[1:] if _TYPES.match(part)]
        self.modifiers = [part for part in self.parts[1:] if not _TYPES.match(part)]
        self.raw = _operands(rest.rstrip(";").strip())

    @property
    def type(self) -> str:
        return self.types[-1]

    def unknown(self) -> Unknown:
        return Unknown(f"line {self.row.number}: {self.row.text}")

    def bits(self, operand: str) -> str:
        """The operand as an expression of unsigned bits."""
        operand = operand.strip()
        if operand in SPECIAL:
            return SPECIAL[operand]
        if operand.startswith("%"):
            return "r_" + plain(operand[1:])
        if found := re.match(r"0[fF]([0-9a-fA-F]{8})$", operand):
            return f"0x{found[1]}u"
        if found := re.match(r"0[dD]([0-9a-fA-F]{16})$", operand):
            return f"0x{found[1]}ull"
        if found := re.match(r"(-?)(0x[0-9a-fA-F]+|\d+)U?$", operand):
            return (
                f"({found[1]}{found[2]}ll)" if not found[2].startswith("0x") else f"({found[1]}{found[2]}ull)"
            )
        if operand in self.row.kernel.shared:
            offset, _ = self.row.kernel.shared[operand]
            return f"((uint64_t)(uintptr_t)self->shared + {offset})"
        if operand in self.row.kernel.local:
            return f"((uint64_t)(uintptr_t)l_{plain(operand)})"
        if re.match(r"[A-Za-z_$]", operand):
            return f"((uint64_t)(uintptr_t)v_{plain(operand)})"
        raise self.unknown()

    def value(self, operand: str, kind: str) -> str:
        """The operand as a value of type `kind`."""
        bits = self.bits(operand)
        if kind == "f32":
            return f"F({bits})"
        if kind == "f64":
            return f"D({bits})"
        if kind == "f16":
            return f"H({bits})"
        if kind == "pred":
            return f"({bits})"
        return f"(({_c_type(kind)})({bits}))"

    def assign(self, operand: str, value: str, kind: str) -> str:
        packed = {"f32": f"FB({value})", "f64": f"DB({value})", "f16": f"HB({value})"}.get(kind)
        if packed is None and kind != "pred":
            # signed results fill wider registers with their sign
            packed = f"({_c_type(kind)})({value})"
        return f"{self.bits(operand)} = {packed or f'({value}) ? 1 : 0'};"


def _operands(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += letter in "{[("
        depth -= letter in "}])"
        if letter == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()] if text else []


def _binary(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        a, b = (op.value(operand, op.type) for operand in op.raw[1:3])
        value = template.format(a=a, b=b)
        if "sat" in op.modifiers:
            value = f"saturated({value})"
        return op.assign(op.raw[0], value, op.type)

    return make


def _unary(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        return op.assign(op.raw[0], template.format(a=op.value(op.raw[1], op.type)), op.type)

    return make


def _logic(template: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        kind = op.type.replace("b", "u") if op.type != "pred" else op.type
        values = [op.value(operand, kind) for operand in op.raw[1:]]
        return op.assign(op.raw[0], template.format(*values), kind)

    return make


def _not(op: Operation) -> str:
    return _logic("!{0}" if op.type == "pred" else "~{0}")(op)


def _wider(kind: str) -> str:
    return f"{kind[0]}{int(kind[1:]) * 2}"


def _product(op: Operation, a: str, b: str) -> tuple[str, str]:
    """The product's C and its type, as .lo, .hi or .wide ask for it."""
    kind = op.type
    if "wide" in op.modifiers:
        wide = _wider(kind)
        return f"(({_c_type(wide)}){a} * ({_c_type(wide)}){b})", wide
    if "hi" in op.modifiers:
        bits = int(kind[1:])
        wide = "__int128" if kind == "s64" else "unsigned __int128" if bits == 64 else _c_type(_wider(kind))
        return f"(({_c_type(kind)})((({wide}){a} * ({wide}){b}) >> {bits}))", kind
    unsigned = f"u{kind[1:]}"
    return f"(({_c_type(unsigned)}){a} * ({_c_type(unsigned)}){b})", kind


def _mul(op: Operation) -> str:
    if op.type[0] == "f":
        return _binary("({a} * {b})")(op)
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
    return _binary("({a} / {b})")(op)


def _extreme(name: str) -> Callable[[Operation], str]:
    def make(op: Operation) -> str:
        if op.type[0] != "f":
            return _binary(f"{name}({{a}}, {{b}})")(op)
        nan = "_NAN" if "NaN" in op.modifiers else ""
        call = f"{name}{nan}" if nan else f"f{name.lower()}{'' if op.type == 'f64' else 'f'}"
        return _binary(f"{call}({{a}}, {{b}})")(op)

    return make


def _shift(op: Operation) -> str:
    kind = op.type.replace("b", "u")
    bits, a = int(kind[1:]), op.value(op.raw[1], kind)
    by = f"(uint32_t)({op.bits(op.raw[2])})"
    if op.name == "shl":
        return op.assign(op.raw[0], f"{by} >= {bits} ? 0 : {a} << ({by})", kind)
    far = f"{a} >> {bits - 1}" if kind[0] == "s" else "0"
    return op.assign(op.raw[0], f"{by} >= {bits} ? {far} : {a} >> ({by})", kind)


_COMPARE = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "lo": "<",  # the same for unsigned values
    "ls": "<=",
    "hi": ">",
    "hs": ">=",
}
_BOOLEAN = {"and": "&&", "or": "||", "xor": "!="}


def _comparison(op: Operation, a: str, b: str) -> str:
    name = op.modifiers[0]
    kind = op.type.replace("b", "u") if op.type[0] == "b" else op.type
    x, y = op.value(a, kind), op.value(b, kind)
    if name == "num":
        return f"({x} == {x} && {y} == {y})"
    if name == "nan":
        return f"({x} != {x} || {y} != {y})"
    if name not in _COMPARE and name.endswith("u") and name[:-1] in _COMPARE:
        return f"({x} != {x} || {y} != {y} || {x} {_COMPARE[name[:-1]]} {y})"
    if name == "ne" and kind[0] == "f":
        return f"({x} == {x} && {y} == {y} && {x} != {y})"
    if name not in _COMPARE:
        raise op.unknown()
    return f"({x} {_COMPARE[name]} {y})"


def _setp(op: Operation) -> str:
    value = _comparison(op, op.raw[1], op.raw[2])
    how = next((_BOOLEAN[part] for part in op.modifiers[1:] if part in _BOOLEAN), None)
    targets = op.raw[0].split("|")
    other = f" {how} {_predicate(op, op.raw[3])}" if how else ""
    lines = [op.assign(targets[0], f"{value}{other}", "pred")]
    if len(targets) > 1:
        lines.append(op.assign(targets[1], f"!{value}{other}", "pred"))
    return " ".join(lines)


def _predicate(op: Operation, operand: str) -> str:
    return f"(!{op.bits(operand[1:])})" if operand.startswith("!") else op.bits(operand)


def _selp(op: Operation) -> str:
    kind = f"u{op.type[1:]}"
    a, b = (op.value(operand, kind) for operand in op.raw[1:3])
    return op.assign(op.raw[0], f"{_predicate(op, op.raw[3])} ? {a} : {b}", kind)


def _mov(op: Operation) -> str:
    to, source = op.raw
    if to.startswith("{"):
        parts = _operands(to[1:-1])
        width = int(op.type[1:]) // len(parts)
        whole = op.bits(source)
        rows = [f"uint64_t whole_ = {whole};"]
        rows += [
            f"{op.bits(p)} = (uint{width}_t)(whole_ >> {i * width});" for i, p in enumerate(parts) if p != "_"
        ]
        return "{ " + " ".join(rows) + " }"
    if source.startswith("{"):
        parts = _operands(source[1:-1])
        width = int(op.type[1:]) // len(parts)
        terms = [f"((uint64_t)(uint{width}_t){op.bits(p)} << {i * width})" for i, p in enumerate(parts)]
        return f"{op.bits(to)} = {' | '.join(terms)};"
    if op.type == "pred":
        return op.assign(to, op.bits(source), "pred")
    return op.assign(to, op.bits(source), f"u{op.type[1:]}")


def _address(op: Operation, operand: str) -> str:
    found = re.match(r"\[\s*([^\]+]+?)\s*(?:\+\s*(-?\d+))?\s*\]$", operand)
    if not found:
        raise op.unknown()
    return f"((uint64_t)({op.bits(found[1])}) + ({found[2] or 0}ll))"


_SPACES = ("global", "shared", "local", "param", "const")


def _place(op: Operation, address: str, width: int) -> str:
    """A pointer to `width` bytes at an address of the instruction's space."""
    space = next((part for part in op.modifiers if part in _SPACES), "")
    line = op.row.number
    if space == "global":
        return f"global_at(self, {address}, {width}, {line})"
    if space == "shared":
        total = f"{op.row.kernel.shared_bytes} + self->launch->dynamic_shared"
        return f"shared_at(self, {address}, {width}, {total}, {line})"
    if space == "":
        return f"generic_at(self, {address}, {width}, {line})"
    return f"(void *)(uintptr_t){address}"


def _registers(operand: str) -> list[str]:
    return _operands(operand[1:-1]) if operand.startswith("{") else [operand]


def _param(op: Operation, operand: str) -> tuple[str, int] | None:
    """The name and offset of a parameter between brackets."""
    found = re.match(r"\[\s*([\w$]+)\s*(?:\+\s*(\d+))?\s*\]$", operand)
    return (found[1], int(found[2] or 0)) if found else None


def _ld(op: Operation) -> str:
    registers = _registers(op.raw[0])
    kind = op.type if op.type[0] == "s" else f"u{op.type[1:]}"
    width = int(kind[1:]) // 8
    if "param" in op.modifiers:
        base = _param_place(op, op.raw[1])
    else:
        base = _place(op, _address(op, op.raw[1]), width * len(registers))
    rows = [f"const {_c_type(kind)} *from_ = (const void *)({base});"]
    rows += [f"{op.bits(name)} = from_[{i}];" for i, name in enumerate(registers) if name != "_"]
    return "{ " + " ".join(rows) + " }"


def _param_place(op: Operation, operand: str) -> str:
    found = _param(op, operand)
    if found is None:
        raise op.unknown()
    name, offset = found
    if name in op.row.params:
        return f"(const char *)&params[{op.row.params[name]}] + {offset}"
    if name in {result for result, _ in op.row.kernel.results}:
        return f"(char *)results + {offset}"
    return f"(char *)p_{name} + {offset}"  # of a call


def _st(op: Operation) -> str:
    registers = _registers(op.raw[1])
    kind = f"u{op.type[1:]}"
    width = int(kind[1:]) // 8
    if "param" in op.modifiers:
        base = _param_place(op, op.raw[0])
    else:
        base = _place(op, _address(op, op.raw[0]), width * len(registers))
    rows = [f"{_c_type(kind)} *to_ = (void *)({base});"]
    rows += [f"to_[{i}] = {op.bits(name)};" for i, name in enumerate(registers)]
    return "{ " + " ".join(rows) + " }"


_ROUND = {"rni": "rint", "rzi": "trunc", "rmi": "floor", "rpi": "ceil"}


def _cvt(op: Operation) -> str:
    if "tf32" in op.modifiers:
        return f"{op.bits(op.raw[0])} = rounded_tf32({op.bits(op.raw[1])});"
    to, source = op.types[0], op.types[1]
    if len(op.types) != 2 or "f16x2" in op.types:
        raise op.unknown()
    value = op.value(op.raw[1], source)
    how = next((name for part, name in _ROUND.items() if part in op.modifiers), None)
    if how:
        value = f"{how}((double){value})"
    if to[0] != "f" and source[0] == "f":
        return op.assign(op.raw[0], f"to_{to}({value})", to)
    if to[0] == "f":
        c = {"f16": "_Float16", "f32": "float", "f64": "double"}[to]
        if {"rz", "rm", "rp"} & set(op.modifiers) and to != source:
            raise op.unknown()
        value = f"({c}){value}"
        return op.assign(op.raw[0], f"saturated({value})" if "sat" in op.modifiers else value, to)
    if "sat" in op.modifiers:
        value = f"to_{to}((double){value})"
    return op.assign(op.raw[0], value, to)


def _bra(op: Operation) -> str:
    return f"goto {_label(op.raw[0])};"


def _label(name: str) -> str:
    return "L_" + plain(name)


def _barrier(op: Operation) -> str:
    if op.raw not in (["0"], []):
        raise op.unknown()
    return f"give_way(self, WAITING, {op.row.number});"


def _shfl(op: Operation) -> str:
    """shfl.sync.MODE.b32 d[|p], a, b, c, membermask"""
    target, _, inside = op.raw[0].partition("|")
    a, b, c = (op.bits(operand) for operand in op.raw[1:4])
    lane = "(self->number % WARP)"
    rows = [f"uint32_t c_ = {c}, b_ = {b} & 31, lane_ = {lane}, mask_ = (c_ >> 8) & 31, clamp_ = c_ & 31;"]
    rows.append("uint32_t low_ = lane_ & mask_, high_ = low_ | (clamp_ & ~mask_); int32_t from_; int ok_;")
    mode = next(part for part in op.modifiers if part in ("up", "down", "bfly", "idx"))
    rows.append(
        {
            "up": "from_ = (int32_t)lane_ - (int32_t)b_; ok_ = from_ >= (int32_t)high_;",
            "down": "from_ = (int32_t)(lane_ + b_); ok_ = from_ <= (int32_t)high_;",
            "bfly": "from_ = (int32_t)(lane_ ^ b_); ok_ = from_ <= (int32_t)high_;",
            "idx": "from_ = (int32_t)(low_ | (b_ & ~mask_)); ok_ = from_ <= (int32_t)high_;",
        }[mode]
    )
    rows.append(f"uint32_t got_ = shuffle(self, {a}, ok_ ? (uint32_t)from_ : lane_, {op.row.number});")
    rows.append(f"{op.bits(target)} = got_;")
    if inside:
        rows.append(f"{op.bits(inside)} = ok_;")
    return "{ " + " ".join(rows) + " }"


_SHAPES = {"m16n8k8": 8, "m16n8k16": 16}


def _mma(op: Operation) -> str:
    """mma.sync.aligned.SHAPE.row.col.f32.KIND.KIND.f32 {d}, {a}, {b}, {c}; KIND is tf32 or f16"""
    terms = next((terms for shape, terms in _SHAPES.items() if shape in op.modifiers), 0)
    wide = "tf32" in op.modifiers
    if not terms or not (wide or op.types.count("f16") == 2) or not {"row", "col"} <= set(op.modifiers):
        raise op.unknown()
    to, first, second, third = (_registers(operand) for operand in op.raw)
    count = terms // (4 if wide else 8)
    if (len(to), len(first), len(second), len(third)) != (4, 2 * count, count, 4):
        raise op.unknown()
    given = ", ".join(op.bits(register) for register in (*first, *second, *third))
    rows = [f"uint32_t given_[] = {{{given}}}, got_[4];"]
    rows.append(f"multiply(self, given_, {terms}, {int(wide)}, got_, {op.row.number});")
    rows += [f"{op.bits(register)} = got_[{number}];" for number, register in enumerate(to)]
    return "{ " + " ".join(rows) + " }"


def _call(op: Operation) -> str:
    """call.uni (result), function, (parameters);"""
    raw = [part for part in op.raw if part]
    result = raw.pop(0)[1:-1].strip() if raw[0].startswith("(") else None
    name = raw.pop(0)
    given = _operands(raw.pop(0)[1:-1]) if raw else []
    if name not in op.row.functions:
        raise op.unknown()
    values = ", ".join(f"*(uint64_t *)p_{one}" for one in given) or "0"
    to = f"p_{result}" if result else "0"
    return f"{{ uint64_t given_[] = {{{values}}}; func_{name}(self, {to}, given_); }}"


def _bfe(op: Operation) -> str:
    """Of unsigned values."""
    if op.type[0] == "s":
        raise op.unknown()
    a, start, length = (op.bits(operand) for operand in op.raw[1:4])
    return op.assign(op.raw[0], f"extracted((uint{op.type[1:]}_t)({a}), {start}, {length})", op.type)


def _slct(op: Operation) -> str:
    kind = f"u{op.types[0][1:]}"
    a, b = (op.value(operand, kind) for operand in op.raw[1:3])
    return op.assign(op.raw[0], f"{op.value(op.raw[3], op.types[1])} >= 0 ? {a} : {b}", kind)


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
    return _unary("({a} < 0 ? -{a} : {a})")(op)


def _cvta(op: Operation) -> str:
    return op.assign(op.raw[0], op.bits(op.raw[1]), "u64")


def _popc(op: Operation) -> str:
    return op.assign(op.raw[0], f"__builtin_popcountll({op.value(op.raw[1], 'u' + op.type[1:])})", "u32")


def _clz(op: Operation) -> str:
    bits = op.type[1:]
    a = op.value(op.raw[1], f"u{bits}")
    return op.assign(op.raw[0], f"{a} ? __builtin_clzll({a}) - {64 - int(bits)} : {bits}", "u32")


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "add": _binary("({a} + {b})"),
    "sub": _binary("({a} - {b})"),
    "mul": _mul,
    "mad": _mad,
    "fma": _fma,
    "div": _div,
    "rem": _binary("({a} % {b})"),
    "min": _extreme("MIN"),
    "max": _extreme("MAX"),
    "abs": _abs,
    "neg": _unary("(-{a})"),
    "copysign": _copysign,
    "sqrt": _unary("sqrt({a})"),
    "rsqrt": _unary("(1.0 / sqrt({a}))"),
    "rcp": _unary("(1 / {a})"),
    "ex2": _unary("exp2f({a})"),
    "lg2": _unary("log2f({a})"),
    "sin": _unary("sinf({a})"),
    "cos": _unary("cosf({a})"),
    "tanh": _unary("tanhf({a})"),
    "and": _logic("({0} & {1})"),
    "or": _logic("({0} | {1})"),
    "xor": _logic("({0} ^ {1})"),
    "not": _not,
    "shl": _shift,
    "shr": _shift,
    "setp": _setp,
    "selp": _selp,
    "slct": _slct,
    "mov": _mov,
    "ld": _ld,
    "st": _st,
    "ldu": _ld,
    "cvt": _cvt,
    "cvta": _cvta,
    "bra": _bra,
    "bar": _barrier,
    "barrier": _barrier,
    "shfl": _shfl,
    "mma": _mma,
    "call": _call,
    "bfe": _bfe,
    "popc": _popc,
    "clz": _clz,
    "ret": lambda _: "return;",
    "exit": lambda _: "return;",
    "trap": lambda op: f'{{ fail(self, "trap", {op.row.number}, 0); return; }}',
    "membar": lambda _: ";",
    "fence": lambda _: ";",
}


def statement(row: Line) -> str:
    """The C statement of a line; raises Unknown."""
    text = row.text
    if found := re.match(r"([\w$]+):$", text):
        return f"{_label(found[1])}:;"
    if text in ("{", "}") or text.startswith("{ //"):
        return text
    if text.startswith(".param"):  # of a call
        found = re.match(r"\.param\s+(?:\.align\s+\d+\s+)?\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?;", text)
        if not found:
            raise Unknown(f"line {row.number}: {text}")
        return f"uint64_t p_{found[2]}[{max(int(found[3] or 8), 8) // 8}];"
    guard = ""
    if found := re.match(r"@(!?)%(\w+)\s+(.*)$", text):
        guard, text = f"if ({found[1]}r_{found[2]}) ", found[3]
    op = Operation(row, re.sub(r"\s+", " ", text.rstrip(";")))
    if op.name not in OPERATIONS:
        raise op.unknown()
    return guard + OPERATIONS[op.name](op)
