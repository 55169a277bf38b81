"""The tensor cores' instructions as data: which architecture has which, and what a lane holds of operands.

All of them multiply 16 rows by 8 columns. A warp's 32 lanes are 8 groups of 4 (PTX ISA 7.8, 9.7.14.5): a lane
holds, for its group's row and that 8 rows below, two neighbouring columns of the result.
"""

from __future__ import annotations

from dataclasses import dataclass

from neo_compiler.target import Target
from neo_compiler.target.gpus import number

ROWS, COLUMNS = 16, 8  # of the result that a warp computes by one instruction
GROUPS, MEMBERS = 8, 4  # lanes of a warp


@dataclass(frozen=True)
class Unit:
    """An instruction: `terms` it adds up, `packed` neighbouring terms that share a register of an operand.

    `dtype` is how shared memory holds operands; `function` names the multiplication and `rounding` (else "")
    the conversion to the operands' precision, see neo_compiler.native.cuda.tensor_cores.
    """

    function: str
    arch: int
    dtype: str
    terms: int
    packed: int
    rounding: str = ""

    @property
    def parts(self) -> int:
        """How many registers hold a lane's part of one row."""
        return self.terms // (MEMBERS * self.packed)


# By precision, the best first.
UNITS: dict[str, tuple[Unit, ...]] = {
    "fp32": (),
    "tf32": (Unit("neo_mma_tf32_k8", 80, "float32", 8, 1, "neo_round_tf32"),),
    "fp16": (Unit("neo_mma_fp16_k16", 80, "float16", 16, 2), Unit("neo_mma_fp16_k8", 75, "float16", 8, 2)),
}


def unit_of(target: Target) -> Unit | None:
    """What the target's GPU has for the precision that products may have; None: nothing, or fp32 it is."""
    return next((unit for unit in UNITS[target.precision] if number(target.gpu) >= unit.arch), None)
