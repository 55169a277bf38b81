"""What this machine is: architecture, CPU flags."""

from __future__ import annotations

import functools
import platform
from pathlib import Path


def machine() -> str:
    """The architecture as `uname -m` prints it, e.g. x86_64, aarch64, armv7l."""
    return platform.machine()


@functools.lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """The CPU's feature flags as Linux names them, common to all cores; empty where they cannot be read."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    rows = [line.split(":", 1)[1].split() for line in text.splitlines() if line.startswith(("flags", "Features"))]
    return frozenset.intersection(*map(frozenset, rows)) if rows else frozenset()
