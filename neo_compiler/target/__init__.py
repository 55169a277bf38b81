"""Device profiles as data."""

from neo_compiler.target.target import Target, find_target, host_target, target_names

__all__ = ["Target", "find_target", "host_target", "target_names"]
