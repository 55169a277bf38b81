"""Device profiles as data."""

from neo_compiler.precision import Precision
from neo_compiler.target.find import find_target, host_target, target_names
from neo_compiler.target.target import Target

__all__ = ["Precision", "Target", "find_target", "host_target", "target_names"]
