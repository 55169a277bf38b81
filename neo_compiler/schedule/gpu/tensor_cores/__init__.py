"""Matrix products on the tensor cores of NVIDIA's GPUs, where the user allows their precision."""

from __future__ import annotations

from neo_compiler.schedule.gpu.tensor_cores.tiles import schedule
from neo_compiler.schedule.gpu.tensor_cores.units import Unit, unit_of

__all__ = ["Unit", "schedule", "unit_of"]
