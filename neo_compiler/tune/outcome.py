"""What measuring found, for the report and the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """One kernel: the candidate that the analytic model chose, and the one that is used.

    Both times are milliseconds of one call on one thread, None where it could not be measured. `measured` is
    False where the record of an earlier compilation was used.
    """

    kernel: str
    calls: int
    analytic: str
    chosen: str
    analytic_ms: float | None
    chosen_ms: float | None
    measured: bool

    @property
    def gain(self) -> float:
        """How many times as fast as the analytic model's choice."""
        return self.analytic_ms / self.chosen_ms if self.analytic_ms and self.chosen_ms else 1.0

    @property
    def saved_ms(self) -> float:
        """Milliseconds that all calls in one run save."""
        return self.calls * ((self.analytic_ms or 0.0) - (self.chosen_ms or 0.0))


@dataclass(frozen=True)
class Tuning:
    """All kernels that have a choice; `left` counts those that the time did not suffice for.

    `records` tells where the records are, or why they could not be kept; `notes` what went wrong.
    """

    found: tuple[Found, ...]
    left: int
    seconds: float
    records: str
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[Found, ...]:
        """Those where measuring chose something else, the largest gain in a run first."""
        rows = [row for row in self.found if row.chosen != row.analytic]
        return tuple(sorted(rows, key=lambda row: -row.saved_ms))

    @property
    def failed(self) -> tuple[str, ...]:
        """Kernels that could not be measured, and stay as the analytic model has them."""
        return tuple(row.kernel for row in self.found if row.chosen_ms is None)

    @property
    def choices(self) -> Mapping[str, str]:
        """Kernel → candidate, where it is not the analytic model's."""
        return {row.kernel: row.chosen for row in self.found if row.chosen != row.analytic}

    def to_json(self) -> dict[str, Any]:
        """Plain data for the report."""
        return {
            "seconds": round(self.seconds, 3),
            "measured": sum(row.measured for row in self.found),
            "reused": sum(not row.measured for row in self.found),
            "left": self.left,
            "failed": list(self.failed),
            "records": self.records,
            "notes": list(self.notes),
            "changed": [
                {
                    "kernel": row.kernel,
                    "calls": row.calls,
                    "analytic": row.analytic,
                    "chosen": row.chosen,
                    "analytic_ms": row.analytic_ms,
                    "chosen_ms": row.chosen_ms,
                    "gain": round(row.gain, 3),
                }
                for row in self.changed
            ],
        }

    def rows(self) -> list[tuple[str, str]]:
        """Titles and texts for a terminal."""
        measured = sum(row.measured for row in self.found)
        total = sum(row.calls * (row.analytic_ms or 0.0) for row in self.found)
        counts = f"{measured} kernels measured in {self.seconds:.1f} s, {len(self.found) - measured} known"
        saved = f"{sum(row.saved_ms for row in self.changed):.3f} of {total:.3f} ms"
        rows = [("tuning", f"{counts}, {self.left} left; {len(self.changed)} changed, which saves {saved}")]
        rows += [("", _line(row)) for row in self.changed]
        rows += [("", f"{kernel}: it could not be measured") for kernel in self.failed]
        return [*rows, ("records", self.records), *(("", note) for note in self.notes)]


def _line(row: Found) -> str:
    times = f"{row.analytic_ms:.4f} → {row.chosen_ms:.4f} ms ({row.gain:.2f} times as fast)"
    return f"{row.kernel}: {row.analytic} → {row.chosen}, {times}, {row.calls} calls"
