from __future__ import annotations

import platform
import subprocess
import sys

from edge_runtime.device import cpu_flags, cpu_names, machine


def test_this_machine() -> None:
    assert machine() == platform.machine()  # the tests run as 64-bit programs
    assert sys.maxsize > 2**32


def test_flags_are_those_of_every_cpu() -> None:
    flags = cpu_flags()
    lscpu = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in lscpu.splitlines() if line.startswith("Flags:"))
    assert flags == set(line.split()[1:])
    assert flags & {"sse2", "asimd", "neon"}


def test_cores_by_their_parts() -> None:
    text = "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd03\n\n"
    assert cpu_names(text) == {"cortex-a53"}
    assert cpu_names(text + text.replace("0xd03", "0xd08")) == {"cortex-a53", "cortex-a72"}
    assert cpu_names(text.replace("0x41", "0x51")) == frozenset()
    assert cpu_names("flags\t: sse2\n") == frozenset()
