"""Functions with axes whose extents each run decides."""

from __future__ import annotations

from tvm import tirx
from tvm.tirx import BufferType

from neo_compiler.schedule.cpu.open import products
from neo_compiler.schedule.cpu.open.reductions import in_lanes

# As those of `neo_compiler.schedule.cpu`, but of functions that take sizes, and tried before them.
RULES = {"open product": products.schedule}


def takes_sizes(function: tirx.PrimFunc) -> bool:
    """Whether the last parameter is a number, not a tensor."""
    return bool(function.params) and not isinstance(function.params[-1].ty, BufferType)


__all__ = ["RULES", "in_lanes", "takes_sizes"]
