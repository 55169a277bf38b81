"""What measuring says of one kernel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The candidate to use, and milliseconds of a call on one thread; None where none could be measured."""

    chosen: str
    analytic_ms: float | None
    chosen_ms: float | None

    @property
    def gain(self) -> float:
        """How many times as fast as the analytic model's choice."""
        return self.analytic_ms / self.chosen_ms if self.analytic_ms and self.chosen_ms else 0.0
