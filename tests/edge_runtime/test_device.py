from __future__ import annotations

import platform
import subprocess
import sys

from edge_runtime.device import cpu_flags, machine


def test_this_machine() -> None:
    assert machine() == platform.machine()  # the tests run as 64-bit programs
    assert sys.maxsize > 2**32


def test_flags_are_those_of_every_cpu() -> None:
    flags = cpu_flags()
    lscpu = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in lscpu.splitlines() if line.startswith("Flags:"))
    assert flags == set(line.split()[1:])
    assert flags & {"sse2", "asimd", "neon"}
