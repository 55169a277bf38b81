"""An error that both clients of the SDK raise."""

from __future__ import annotations


class GreengrassDependencyException(Exception):
    """The call did not reach the service."""
