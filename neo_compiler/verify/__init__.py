"""Proof that compiled code computes what the model computes."""

from neo_compiler.verify.check import OutputCheck, compare
from neo_compiler.verify.sample import TOLERANCE, Sample, draw_sample

__all__ = ["TOLERANCE", "OutputCheck", "Sample", "compare", "draw_sample"]
