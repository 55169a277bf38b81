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

        tf32 and fp16 have the same ten bits of a fraction: SqueezeNet, with all factors rounded so, lies 4e-3
        from itself in onnxruntime.
        """
        return 1e-4 if self is Precision.FP32 else 1e-2
