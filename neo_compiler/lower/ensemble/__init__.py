"""Decision trees as flat arrays: a walk from a root to a leaf is the same few loads on every level."""

from neo_compiler.lower.ensemble.arrays import Ensemble
from neo_compiler.lower.ensemble.node import EQUAL, FLAG_BITS, MISSING, BadEnsemble
from neo_compiler.lower.ensemble.read import read_ensemble

__all__ = ["EQUAL", "FLAG_BITS", "MISSING", "BadEnsemble", "Ensemble", "read_ensemble"]
