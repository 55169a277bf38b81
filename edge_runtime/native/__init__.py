"""A compiled.so at work: one opened model, and sessions to run it in."""

from edge_runtime.native.model import NativeModel
from edge_runtime.native.session import NativeSession

__all__ = ["NativeModel", "NativeSession"]
