"""Only the exception that `publish` raises; invoking other functions is not served."""

from __future__ import annotations


class InvocationException(Exception):
    """The core refused the call."""
