"""What a worker's process asks the kernel for at its start (Linux)."""

from __future__ import annotations

import sys


def end_with_core() -> None:
    """Has the process killed when the core ends, and leaves no core files."""
    if sys.platform == "linux":
        import ctypes
        import resource
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_memory(limit_kb: int | None) -> None:
    """Has the kernel refuse memory beyond the limit; None for none."""
    if limit_kb is not None and sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = limit_kb * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard < 0 else min(wanted, hard), hard))
