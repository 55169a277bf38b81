"""What the user reads after a compilation: as a table, or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_runtime.manifest import Accuracy, Manifest, Part
from edge_runtime.shapes import range_text
from neo_compiler.native.weights import Sharing
from neo_compiler.package.variants import megabytes
from neo_compiler.target.gpus import gpus
from neo_compiler.tune.outcome import Tuning
from neo_compiler.verify import OutputCheck
from neo_compiler.verify.execute import NATIVELY

SCHEMA_VERSION = 1
NOT_EXECUTED = "not known: this machine cannot execute the code; run `edge-runtime selftest` on the device"
EXACT = "this model makes rounding errors larger: its convolutions are computed more exactly, and slower"
TENSOR_RULE = "tensor cores"  # see neo_compiler.schedule.gpu.apply
NO_RULE = "unscheduled"  # kernels that run as TVM wrote them


@dataclass(frozen=True)
class Report:
    """The outcome of a compilation.

    `seconds` maps the path of a stage to the time that it took; `calls` holds, for each kernel call of a run,
    the kernel and the schedule rule that shaped it; `tuning` is None where nothing was tuned. `exact` as in
    `neo_compiler.target.Target`.
    """

    path: Path
    manifest: Manifest
    seconds: Mapping[tuple[str, ...], float]
    checks: tuple[OutputCheck, ...]
    calls: Sequence[tuple[str, str]]
    tuning: Tuning | None = None
    sharing: Sharing | None = None
    exact: bool = False

    @property
    def executed(self) -> str:
        """What ran the compiled code to compare it; "" where nothing did."""
        return self.manifest.accuracy.executed if self.manifest.accuracy else ""

    @property
    def unexecuted(self) -> tuple[str, ...]:
        """The target, where nothing ran its code."""
        return () if self.executed else (self.manifest.target.name,)

    @property
    def tensor_calls(self) -> int:
        """How many kernel calls of a run use tensor cores."""
        return sum(rule == TENSOR_RULE for _, rule in self.calls)

    @property
    def size(self) -> int:
        """Bytes of the artifact as it lies on disk."""
        return size_on_disk(self.path)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data, for `--json`; sizes in bytes, times in seconds."""
        manifest = self.manifest
        return {
            "schema_version": SCHEMA_VERSION,
            "artifact": str(self.path),
            "target": manifest.target.name,
            "size": self.size,
            "files": {name: entry.size for name, entry in manifest.files.items()},
            "memory": asdict(manifest.memory),
            "precision": manifest.compiler.options.get("precision", "fp32"),
            "seconds": {"/".join(path): round(seconds, 4) for path, seconds in self.seconds.items()},
            "executed": self.executed or None,
            "accuracy": asdict(manifest.accuracy) if manifest.accuracy else None,
            "outputs": [asdict(check) for check in self.checks],
            "parts": [asdict(part) for part in manifest.parts],
            "placement": [asdict(row) for row in manifest.placement],
            "kernels": {
                "calls": len(self.calls),
                "distinct": len({kernel for kernel, _ in self.calls}),
                "rules": dict(Counter(rule for _, rule in self.calls).most_common()),
            },
            "tuning": self.tuning.to_json() if self.tuning else None,
            "dimensions": {name: asdict(row) for name, row in manifest.dimensions.items()},
            "buckets": [asdict(row) for row in manifest.buckets],
            "weights": asdict(self.sharing) if self.sharing else None,
            "exact": self.exact,
        }

    def rows(self) -> list[tuple[str, str]]:
        """The report as titles and texts, for a terminal."""
        manifest, memory = self.manifest, self.manifest.memory
        arena, weights = megabytes(memory.arena_bytes + memory.scratch_bytes), megabytes(memory.params_bytes)
        rows = [
            ("target", manifest.target.name),
            ("time", self._times()),
            ("size", f"{megabytes(self.size)} ({largest_files(manifest)})"),
            ("memory", f"{arena} a session, {weights} of weights shared by all"),
            ("kernels", self._kernels()),
            *([("rounding", EXACT)] if self.exact else []),
            *self._precision(),
            *([("parts", _chain(manifest.parts))] if manifest.parts else []),
            *self._sizes(),
            *(self.tuning.rows() if self.tuning else []),
        ]
        if manifest.accuracy is not None:
            found = manifest.accuracy
            rows.append(("difference", _difference(found)))
            rows.append(("reference", found.reference))
        return rows

    def _precision(self) -> list[tuple[str, str]]:
        """What became of a precision that was asked for."""
        asked, gpu = self.manifest.compiler.options.get("precision"), self.manifest.target.gpu
        if asked is None or gpu is None:
            return []
        if asked not in gpus()[gpu.arch].precisions:
            return [
                ("precision", f"fp32 throughout: {gpu.arch} has no tensor cores for {asked} that are used")
            ]
        count = self.tensor_calls
        return [("precision", f"{asked} in {count} of {len(self.calls)} calls, on tensor cores; else fp32")]

    def _sizes(self) -> list[tuple[str, str]]:
        """What was compiled for which sizes, and what of the weights is kept once."""
        manifest = self.manifest
        if not manifest.buckets or self.sharing is None:
            return []
        count = len(manifest.buckets)
        ranges = ", ".join(f"{name} {range_text(row)}" for name, row in manifest.dimensions.items())
        rows = [("sizes", f"{ranges}, in {count} compilation{'s' if count > 1 else ''}")]
        if count > 1:
            stored, apart = megabytes(self.sharing.stored), megabytes(self.sharing.apart)
            rows.append(("weights", f"{stored} for all of them; {apart} if nothing were shared"))
        return rows

    def _times(self) -> str:
        stages = {path[0]: seconds for path, seconds in self.seconds.items() if len(path) == 1}
        parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in stages.items())
        return f"{sum(stages.values()):.1f} s ({parts})"

    def _kernels(self) -> str:
        nodes = sum(row.nodes for row in self.manifest.placement if row.backend == "native")
        plain = sum(rule == NO_RULE for _, rule in self.calls)
        distinct = len({kernel for kernel, _ in self.calls})
        text = f"{len(self.calls)} calls of {distinct} kernels for {nodes} nodes"
        return f"{text}, {plain} of the calls not tuned for this target" if plain else text


def size_on_disk(path: Path) -> int:
    """Bytes of an artifact, packed or not."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def _difference(found: Accuracy) -> str:
    if found.max_relative is None:
        return NOT_EXECUTED
    where = "" if found.executed == NATIVELY else f"; executed by {found.executed}"
    sets = f"{found.samples} set{'s' if found.samples > 1 else ''} of inputs"
    return f"{found.max_relative:.1e} at most on {sets}, {found.tolerance:.1e} is allowed{where}"


def _chain(parts: Sequence[Part]) -> str:
    """The parts in the order in which they run, and why some are not native."""
    order = " → ".join(f"{part.backend} {part.nodes}" for part in parts)
    reasons = {name: why for part in parts for name, why in part.reasons.items()}
    return "; ".join([f"{order} nodes", *(f"{name}: {why}" for name, why in sorted(reasons.items()))])


def largest_files(manifest: Manifest) -> str:
    """Names and sizes of the three largest files."""
    shown = sorted(manifest.files.items(), key=lambda row: -row[1].size)[:3]
    return ", ".join(f"{name} {megabytes(entry.size)}" for name, entry in shown)
