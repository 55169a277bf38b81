"""The machine that a measurement ran on, and who else was using it meanwhile."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUSY_CPUS = 0.1  # what others may use before a measurement counts as disturbed
GOVERNOR = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
L2_CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
L2_DEFAULT = 512 << 10
UNITS = {"K": 1 << 10, "M": 1 << 20}


def describe() -> dict[str, Any]:
    """CPU, cores, governor, system and date, ready for JSON; None for what cannot be read."""
    return {
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "cores": cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "governor": _read(GOVERNOR),
        "system": f"{platform.system()} {platform.release()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def cores() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def l2_bytes() -> int:
    """The size of a core's second-level cache; half a megabyte where the machine does not tell."""
    text = _read(L2_CACHE) or ""
    if not text[:-1].isdigit() or text[-1] not in UNITS:
        return L2_DEFAULT
    return int(text[:-1]) * UNITS[text[-1]]


def counted(threads: int) -> str:
    """A number of threads in words."""
    return f"{threads} thread{'s' * (threads != 1)}"


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _cpu_model() -> str:
    for line in (_read(Path("/proc/cpuinfo")) or "").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Hardware"):
            return value.strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class CpuTime:
    """Seconds since some beginning: by the clock, and of CPU time of all programs and of our own processes.

    `all` includes the time that a hypervisor gave to other machines; None where the system does not tell.
    """

    wall: float
    all: float | None
    own: float

    @classmethod
    def now(cls) -> CpuTime:
        """Read the clocks."""
        used = os.times()
        own = used.user + used.system + used.children_user + used.children_system
        return cls(time.perf_counter(), _busy_seconds(_read(Path("/proc/stat"))), own)

    def others(self, until: CpuTime) -> float | None:
        """How many CPUs other programs kept busy from here to `until`, on average."""
        if self.all is None or until.all is None or until.wall <= self.wall:
            return None
        theirs = (until.all - self.all) - (until.own - self.own)
        return max(0.0, theirs / (until.wall - self.wall))


def _busy_seconds(stat: str | None) -> float | None:
    """From /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, each in clock ticks."""
    fields = (stat or "").splitlines()[:1]
    if not fields or not fields[0].startswith("cpu "):
        return None
    ticks = [int(field) for field in fields[0].split()[1:9]]
    idle = sum(ticks[3:5])
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")
