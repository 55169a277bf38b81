"""How exact the factors of matrix products must be on a GPU."""

from __future__ import annotations

from enum import StrEnum


class Precision(StrEnum):
    """float32 as it is; or rounded to tf32 or fp16 for tensor cores, which add up in float32."""

    FP32 = "fp32"
    TF32 = "tf32"
    FP16 = "fp16"

    @property
    def tolerance(self) -> float:
        """How far an output may lie from the reference, relative to its largest value, by default.

        fp32 as everywhere; tf32 and fp16 have ten bits of a fraction, and fp16 a narrow range beside.
        """
        return {Precision.FP32: 1e-4, Precision.TF32: 1e-3, Precision.FP16: 1e-2}[self]
