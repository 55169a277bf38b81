"""Programs that are timed against each other: in turns, so that what disturbs one disturbs the other too."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import BUSY_CPUS, CpuTime

Run = Callable[[], object]

RESAMPLES = 2000
MOST_RUNS = 200  # of a block: more of a tiny model would say nothing new


class Clock(Protocol):
    """Time in seconds, and waiting."""

    def now(self) -> float: ...

    def cpu_time(self) -> CpuTime: ...

    def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The machine's own clock."""

    now = staticmethod(time.perf_counter)
    cpu_time = staticmethod(CpuTime.now)
    sleep = staticmethod(time.sleep)


@dataclass(frozen=True)
class Turns:
    """How to measure: in `rounds`, in each of which every program has one block of runs.

    Each program is run at least `runs` times in all, and for `block_s` seconds a block. Before a block lies a
    pause of `pause_s`, by whose end the threads of the other programs no longer spin (onnxruntime's were seen
    to for up to 85 ms), and then untimed runs for `warm_s`.

    Further rounds follow until `rounds` of them were quiet, `patience` times as many at most; only the least
    disturbed `rounds` count. What others did in a round is all that decides about it, and it stays or goes
    with the blocks of all programs.
    """

    runs: int = 30
    rounds: int = 10
    pause_s: float = 0.15
    warm_s: float = 0.02
    block_s: float = 0.1
    patience: int = 5

    @property
    def least(self) -> int:
        """Runs that a block has at least."""
        return math.ceil(self.runs / self.rounds)


@dataclass(frozen=True)
class Measured:
    """Seconds of each timed run, as an array [round, run] for each program.

    `others_cpus` is how many CPUs other programs, and other virtual machines on this one's host, used during
    these runs on average, None where the system does not tell; `rounds` were measured, the `times` are of the
    quietest.
    """

    times: dict[str, NDArray[np.float64]]
    others_cpus: float | None
    rounds: int


@dataclass(frozen=True)
class _Round:
    """Seconds of the runs of each program, and how many CPUs others used meanwhile."""

    blocks: Mapping[str, list[float]]
    others_cpus: float | None

    @property
    def disturbance(self) -> float:
        return self.others_cpus or 0.0


def take_turns(programs: Mapping[str, Run], turns: Turns, clock: Clock | None = None) -> Measured:
    """Time the programs. The order within a round is that of `programs` and its reverse by turns."""
    clock = clock or WallClock()
    lengths = {name: _block_length(run, turns, clock) for name, run in programs.items()}
    order, rounds = list(programs), list[_Round]()
    while len(rounds) < turns.patience * turns.rounds and _quiet(rounds) < turns.rounds:
        rounds.append(_round({name: programs[name] for name in order}, lengths, turns, clock))
        order.reverse()
    kept = sorted(rounds, key=lambda found: found.disturbance)[: turns.rounds]
    times = {name: np.array([found.blocks[name] for found in kept]) for name in programs}
    return Measured(times, _mean_of_known(found.others_cpus for found in kept), len(rounds))


def _quiet(rounds: list[_Round]) -> int:
    return sum(found.disturbance <= BUSY_CPUS for found in rounds)


def _round(programs: Mapping[str, Run], lengths: Mapping[str, int], turns: Turns, clock: Clock) -> _Round:
    blocks, others = dict[str, list[float]](), list[float | None]()
    for name, run in programs.items():
        clock.sleep(turns.pause_s)
        _warm_up(run, turns, clock)
        before = clock.cpu_time()
        blocks[name] = [_timed(run, clock) for _ in range(lengths[name])]
        others.append(before.others(clock.cpu_time()))
    return _Round(blocks, _mean_of_known(others))


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _timed(run: Run, clock: Clock) -> float:
    start = clock.now()
    run()
    return clock.now() - start


def _warm_up(run: Run, turns: Turns, clock: Clock) -> float:
    """Seconds of the fastest of some runs, at least two."""
    end = clock.now() + turns.warm_s
    times = [_timed(run, clock), _timed(run, clock)]
    while clock.now() < end:
        times.append(_timed(run, clock))
    return min(times)


def _block_length(run: Run, turns: Turns, clock: Clock) -> int:
    seconds = max(_warm_up(run, turns, clock), 1e-9)
    return max(turns.least, min(MOST_RUNS, math.ceil(turns.block_s / seconds)))


@dataclass(frozen=True)
class Ratio:
    """A ratio of medians, and the bounds of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(over: NDArray[np.float64], under: NDArray[np.float64], seed: int = 0) -> Ratio:
    """median(over) / median(under) of the times of two programs of `take_turns`.

    The bootstrap (Efron, "Bootstrap methods: another look at the jackknife", 1979; percentile interval) draws
    rounds, the same for both, since both met the same disturbance there; then runs within each round.
    """
    random = np.random.default_rng(seed)
    rounds = random.integers(len(over), size=(RESAMPLES, len(over)))
    quotients = _resampled_medians(over, rounds, random) / _resampled_medians(under, rounds, random)
    low, high = np.percentile(quotients, [2.5, 97.5])
    return Ratio(float(np.median(over) / np.median(under)), float(low), float(high))


def _resampled_medians(
    times: NDArray[np.float64], rounds: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float64]:
    runs = random.integers(times.shape[1], size=(*rounds.shape, times.shape[1]))
    drawn = times[rounds[..., None], runs]
    return np.asarray(np.median(drawn.reshape(len(rounds), -1), axis=1))


def geometric_mean(values: Iterable[float]) -> float:
    """The mean of ratios; NaN of none."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else math.nan
