"""Instructions that all lanes of a warp execute together."""

from __future__ import annotations

from collections.abc import Callable

from tests.stub_gpu.instructions.operation import Operation, registers_of


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
    to, first, second, third = (registers_of(operand) for operand in op.raw)
    count = terms // (4 if wide else 8)
    if (len(to), len(first), len(second), len(third)) != (4, 2 * count, count, 4):
        raise op.unknown()
    given = ", ".join(op.bits(register) for register in (*first, *second, *third))
    rows = [f"uint32_t given_[] = {{{given}}}, got_[4];"]
    rows.append(f"multiply(self, given_, {terms}, {int(wide)}, got_, {op.row.number});")
    rows += [f"{op.bits(register)} = got_[{number}];" for number, register in enumerate(to)]
    return "{ " + " ".join(rows) + " }"


OPERATIONS: dict[str, Callable[[Operation], str]] = {
    "shfl": _shfl,
    "mma": _mma,
}
