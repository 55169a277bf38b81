"""The layout pass: values stay blocked by channel from one operator to the next."""

from neo_compiler.lower.blocked.apply import block_layouts

__all__ = ["block_layouts"]
