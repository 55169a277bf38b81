"""What this machine is: architecture, CPU flags."""

from __future__ import annotations

import functools
import platform
import struct
from pathlib import Path

# A 64-bit kernel under a 32-bit system, as on many Raspberry Pis, loads 32-bit libraries only.
_NARROW = {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686"}


def machine() -> str:
    """The architecture of this process as `uname -m` prints it, e.g. x86_64, aarch64, armv7l."""
    name = platform.machine()
    return _NARROW.get(name, name) if struct.calcsize("P") == 4 else name


@functools.lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """The CPU's feature flags as Linux names them, common to all cores; empty where they cannot be read."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    rows = {line for line in text.splitlines() if line.startswith(("flags", "Features"))}
    sets = [frozenset(row.split(":", 1)[1].split()) for row in rows]
    return frozenset.intersection(*sets) if sets else frozenset()
