"""Where a measurement holds: for this target, on this kind of CPU, by this version of the compiler."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from neo_compiler.sources import ROOT, source_hash
from neo_compiler.target import Target

# Sources outside of these folders decide which kernels there are, which each kernel's key tells.
DECISIVE = ("native", "schedule", "tune")
_CPU = ("model name", "CPU implementer", "CPU variant", "CPU part")  # in /proc/cpuinfo, of x86 and of ARM


@dataclass(frozen=True)
class Circumstances:
    """What all verdicts of a compilation have in common; in others they are worth nothing."""

    target: str
    machine: str
    compiler: str


def circumstances(target: Target) -> Circumstances:
    """Those of this process, compiling for `target`."""
    import tvm

    sources = [source_hash(ROOT / folder) for folder in DECISIVE]
    return Circumstances(
        target=f"{target.name} {_digest(sorted(asdict(target).items()))}",
        machine=cpu_name(),
        compiler=_digest([*sources, tvm.__version__]),
    )


def cpu_name() -> str:
    """What Linux tells of this machine's processors."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    rows = {" ".join(line.split()) for line in text.splitlines() if line.startswith(_CPU)}
    return ", ".join(sorted(rows))


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
