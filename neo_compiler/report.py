"""What the user reads after a compilation: as a table, or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_runtime.manifest import Manifest
from neo_compiler.native.plan import Plan
from neo_compiler.verify import OutputCheck

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Report:
    """The outcome of a compilation; `seconds` maps the path of a stage to the time that it took."""

    path: Path
    manifest: Manifest
    seconds: Mapping[tuple[str, ...], float]
    checks: tuple[OutputCheck, ...]
    plan: Plan

    @property
    def size(self) -> int:
        """Bytes of the artifact as it lies on disk."""
        files = (
            [self.path] if self.path.is_file() else [file for file in self.path.rglob("*") if file.is_file()]
        )
        return sum(file.stat().st_size for file in files)

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
            "seconds": {"/".join(path): round(seconds, 4) for path, seconds in self.seconds.items()},
            "accuracy": asdict(manifest.accuracy) if manifest.accuracy else None,
            "outputs": [asdict(check) for check in self.checks],
            "placement": [asdict(row) for row in manifest.placement],
            "kernels": {"calls": len(self.plan.steps), "distinct": len(_kernels(self.plan))},
        }

    def rows(self) -> list[tuple[str, str]]:
        """The report as titles and texts, for a terminal."""
        manifest, memory = self.manifest, self.manifest.memory
        total = sum(seconds for path, seconds in self.seconds.items() if len(path) == 1)
        times = ", ".join(
            f"{path[0]} {seconds:.1f}" for path, seconds in self.seconds.items() if len(path) == 1
        )
        native = sum(row.nodes for row in manifest.placement if row.backend == "native")
        rows = [
            ("target", manifest.target.name),
            ("time", f"{total:.1f} s ({times})"),
            ("size", f"{megabytes(self.size)} ({_sizes(manifest)})"),
            (
                "memory",
                f"{megabytes(memory.arena_bytes)} a session, {megabytes(memory.params_bytes)} of weights",
            ),
            (
                "kernels",
                f"{len(self.plan.steps)} calls of {len(_kernels(self.plan))} kernels for {native} nodes",
            ),
        ]
        if manifest.accuracy is not None:
            found = manifest.accuracy
            rows.append(
                (
                    "accuracy",
                    f"{found.max_relative:.1e} from the model's own outputs (allowed {found.tolerance:.1e})",
                )
            )
        return rows


def megabytes(count: int) -> str:
    """A number of bytes as people read it."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _sizes(manifest: Manifest) -> str:
    shown = sorted(manifest.files.items(), key=lambda row: -row[1].size)[:3]
    return ", ".join(f"{name} {megabytes(entry.size)}" for name, entry in shown)


def _kernels(plan: Plan) -> Counter[str]:
    return Counter(step.kernel for step in plan.steps)
