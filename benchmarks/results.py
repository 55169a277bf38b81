"""What a speed measurement found, as data and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.kernels import KernelRow
from benchmarks.roofline import Peaks
from benchmarks.timing import Ratio, Turns, geometric_mean

SCHEMA_VERSION = 1
FLOOR = 0.95  # of a peer's time / ours: models below are named
WRONG = 0.01  # outputs that differ by more tell that one of the two computes something else


@dataclass(frozen=True)
class Figures:
    """One engine with one model: milliseconds and bytes; `runs` were timed."""

    median_ms: float
    runs: int
    import_ms: float
    load_ms: float
    first_run_ms: float
    peak_rss_bytes: float
    size_bytes: int


@dataclass(frozen=True)
class Versus:
    """Ours beside a peer: `ratio` is its time / ours, `difference` the relative one of their outputs."""

    ratio: Ratio
    difference: float

    @property
    def comparable(self) -> bool:
        """Whether both compute the same."""
        return self.difference <= WRONG


@dataclass(frozen=True)
class Row:
    """One model on a number of threads; `others_cpus` and `rounds` as in `benchmarks.timing.Measured`."""

    model: str
    threads: int
    compile_s: float
    compile_rss_bytes: int
    engines: Mapping[str, Figures]
    versus: Mapping[str, Versus]
    others_cpus: float | None
    rounds: int
    kernels: tuple[KernelRow, ...] = ()


@dataclass(frozen=True)
class Summary:
    """All models on a number of threads beside one peer: the geometric mean of its time / ours.

    `below` are the models under the FLOOR; `differing` are left out of the mean, since outputs differ.
    """

    threads: int
    peer: str
    models: int
    geometric_mean: float
    below: Mapping[str, float]
    differing: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """A whole measurement.

    `profile` is what `target` stands for here; `missing` maps what could not be measured to the reason.
    """

    target: str
    profile: str
    turns: Turns
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    rows: list[Row] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    peaks: list[Peaks] = field(default_factory=list)

    def summaries(self) -> Iterator[Summary]:
        """For each number of threads and each peer, in the order of the rows."""
        groups: dict[tuple[int, str], dict[str, Versus]] = {}
        for row in self.rows:
            for peer, versus in row.versus.items():
                groups.setdefault((row.threads, peer), {})[row.model] = versus
        for (threads, peer), found in groups.items():
            ratios = {model: versus.ratio.value for model, versus in found.items() if versus.comparable}
            below = {model: value for model, value in ratios.items() if value < FLOOR}
            differing = tuple(model for model in found if model not in ratios)
            yield Summary(threads, peer, len(ratios), geometric_mean(ratios.values()), below, differing)

    def to_json(self, load_after: float) -> dict[str, Any]:
        """Plain data; `load_after` is the load average at the end."""
        machine = {**self.machine, "load_average_after": load_after}
        summaries = [asdict(summary) for summary in self.summaries()]
        document = {
            "schema_version": SCHEMA_VERSION,
            **asdict(self),
            "machine": machine,
            "summaries": summaries,
        }
        return dict(_plain(document))


def _plain(value: Any) -> Any:
    """JSON knows no infinities and NaNs."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
