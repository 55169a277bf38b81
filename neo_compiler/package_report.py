"""What the user reads after a compilation for several targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_runtime.manifest import Manifest
from neo_compiler.package.variants import megabytes, storage
from neo_compiler.report import SCHEMA_VERSION, Report, largest_files, size_on_disk


@dataclass(frozen=True)
class PackageReport:
    """The outcome of a compilation for several targets, with a report for each, the most demanding first."""

    path: Path
    manifest: Manifest
    seconds: Mapping[tuple[str, ...], float]
    reports: tuple[Report, ...]

    @property
    def unexecuted(self) -> tuple[str, ...]:
        """The targets whose code nothing ran."""
        return tuple(name for report in self.reports for name in report.unexecuted)

    def to_json(self) -> dict[str, Any]:
        """The report as plain data; `targets` has what the report of each target alone has."""
        stored = storage(self.manifest)
        return {
            "schema_version": SCHEMA_VERSION,
            "artifact": str(self.path),
            "size": size_on_disk(self.path),
            "files": {name: entry.size for name, entry in self.manifest.files.items()},
            "storage": asdict(stored),
            "seconds": {"/".join(path): round(seconds, 4) for path, seconds in self.seconds.items()},
            "targets": [{**report.to_json(), "size": _total(report.manifest)} for report in self.reports],
        }

    def rows(self) -> list[tuple[str, str]]:
        """The report as titles and texts, for a terminal."""
        rows = []
        for report in self.reports:
            sizes = f"{megabytes(_total(report.manifest))} ({largest_files(report.manifest)})"
            rows += [(title, sizes if title == "size" else text) for title, text in report.rows()]
        return [*rows, ("archive", megabytes(size_on_disk(self.path))), *storage(self.manifest).rows()]


def _total(manifest: Manifest) -> int:
    return sum(entry.size for entry in manifest.files.values())
