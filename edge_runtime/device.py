"""What this machine is: architecture, CPU flags."""

from __future__ import annotations

import ctypes
import functools
import platform
import struct
from collections.abc import Iterator
from pathlib import Path

# A 64-bit kernel under a 32-bit system, as on many Raspberry Pis, loads 32-bit libraries only.
_NARROW = {"aarch64": "armv7l", "armv8l": "armv7l", "x86_64": "i686"}


def machine() -> str:
    """The architecture of this process as `uname -m` prints it, e.g. x86_64, aarch64, armv7l."""
    name = platform.machine()
    return _NARROW.get(name, name) if struct.calcsize("P") == 4 else name


# Bits of AT_HWCAP and AT_HWCAP2 (Linux, <asm/hwcap.h>), which emulators set too, unlike /proc/cpuinfo.
_HWCAP: dict[str, dict[str, int]] = {
    "aarch64": {
        "fp": 0,
        "asimd": 1,
        "aes": 3,
        "pmull": 4,
        "sha1": 5,
        "sha2": 6,
        "crc32": 7,
        "atomics": 8,
        "fphp": 9,
        "asimdhp": 10,
        "asimdrdm": 12,
        "asimddp": 20,
        "sve": 22,
        "asimdfhm": 23,
    },
    "armv7l": {"neon": 12, "vfpv3": 13, "vfpv4": 16, "idiva": 17, "idivt": 18, "vfpd32": 19},
}
_HWCAP2: dict[str, dict[str, int]] = {"aarch64": {"sve2": 1, "i8mm": 13, "bf16": 14}}
_AT_HWCAP, _AT_HWCAP2 = 16, 26


@functools.lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """The CPU's feature flags as Linux names them, common to all cores; empty where they cannot be read.

    On ARM those that the kernel tells the process, elsewhere those of /proc/cpuinfo.
    """
    return _kernel_flags(machine()) if machine() in _HWCAP else _listed_flags()


def _kernel_flags(arch: str) -> frozenset[str]:
    ask = ctypes.CDLL(None).getauxval
    ask.restype, ask.argtypes = ctypes.c_ulong, (ctypes.c_ulong,)
    tables = ((_HWCAP, ask(_AT_HWCAP)), (_HWCAP2, ask(_AT_HWCAP2)))
    return frozenset(
        name for table, bits in tables for name, bit in table.get(arch, {}).items() if bits >> bit & 1
    )


def _listed_flags() -> frozenset[str]:
    rows = {line for line in _cpuinfo().splitlines() if line.startswith(("flags", "Features"))}
    sets = [frozenset(row.split(":", 1)[1].split()) for row in rows]
    return frozenset.intersection(*sets) if sets else frozenset()


# Implementer and part number of an ARM core -> LLVM's name of it.
CORES = {
    ("0x41", "0xc07"): "cortex-a7",
    ("0x41", "0xd03"): "cortex-a53",
    ("0x41", "0xd04"): "cortex-a35",
    ("0x41", "0xd05"): "cortex-a55",
    ("0x41", "0xd07"): "cortex-a57",
    ("0x41", "0xd08"): "cortex-a72",
    ("0x41", "0xd09"): "cortex-a73",
    ("0x41", "0xd0b"): "cortex-a76",
    ("0x41", "0xd0c"): "neoverse-n1",
    ("0x41", "0xd40"): "neoverse-v1",
    ("0x41", "0xd42"): "cortex-a78ae",
    ("0x4e", "0x004"): "carmel",
}


def cpu_names(listing: str | None = None) -> frozenset[str]:
    """The names of this machine's ARM cores as compilers know them; empty where they cannot be told.

    `listing` is the text of /proc/cpuinfo, which is read where none is given.
    """
    if listing is None:
        listing = _cpuinfo()
    makers, parts = ([*_values(listing, f"CPU {name}")] for name in ("implementer", "part"))
    return frozenset(CORES[pair] for pair in zip(makers, parts, strict=False) if pair in CORES)


def _values(listing: str, title: str) -> Iterator[str]:
    for line in listing.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == title:
            yield value.strip()


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
