"""Interface versions such as 1.5."""

from __future__ import annotations


def parse_version(version: str) -> tuple[int, ...]:
    """The numbers of a dotted version, to be compared."""
    return tuple(int(part) for part in version.split("."))
