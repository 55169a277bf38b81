from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.machine import CpuTime
from benchmarks.timing import MOST_RUNS, Turns, WallClock, geometric_mean, ratio, take_turns


class FakeClock:
    """Time passes only where a program says so; remembers what happened. Others take `others` CPUs."""

    def __init__(self, *others: float) -> None:
        self.time = self.taken = 0.0
        self.others = itertools.cycle(others or (0.0,))
        self.before: float | None = None
        self.events: list[str] = []

    def now(self) -> float:
        return self.time

    def cpu_time(self) -> CpuTime:
        """Each second reading ends a block."""
        if self.before is None:
            self.before = self.time
        else:
            self.taken += next(self.others) * (self.time - self.before)
            self.before = None
        return CpuTime(self.time, self.taken, 0.0)

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.events.append(f"pause {seconds:g}")

    def program(self, name: str, seconds: float) -> Callable[[], None]:
        def run() -> None:
            self.time += seconds
            self.events.append(name)

        return run


def test_blocks_alternate() -> None:
    clock = FakeClock()
    turns = Turns(runs=9, rounds=3, pause_s=5, warm_s=0, block_s=0)
    times = take_turns({"a": clock.program("a", 1), "b": clock.program("b", 2)}, turns, clock).times
    block = {name: ["pause 5", *[name] * (2 + 3)] for name in "ab"}
    calibration = ["a"] * 2 + ["b"] * 2
    assert clock.events == [*calibration, *(event for name in "abbaab" for event in block[name])]
    np.testing.assert_array_equal(times["a"], np.full((3, 3), 1.0))
    np.testing.assert_array_equal(times["b"], np.full((3, 3), 2.0))


@pytest.mark.parametrize(
    ("runs", "block_s", "seconds", "length"),
    [(30, 0, 1.0, 3), (31, 0, 1.0, 4), (30, 0.5, 0.1, 5), (30, 0.5, 1.0, 3), (30, 9.0, 1e-6, MOST_RUNS)],
)
def test_short_programs_run_more_often(runs: int, block_s: float, seconds: float, length: int) -> None:
    clock = FakeClock()
    turns = Turns(runs=runs, rounds=10, pause_s=0, warm_s=0, block_s=block_s)
    assert take_turns({"a": clock.program("a", seconds)}, turns, clock).times["a"].shape == (10, length)


def test_every_block_is_warmed_up() -> None:
    clock = FakeClock()
    take_turns({"a": clock.program("a", 1)}, Turns(runs=1, rounds=1, warm_s=10, block_s=0), clock)
    assert clock.events == [*["a"] * 10, "pause 0.15", *["a"] * 11]


def test_only_the_runs_are_timed() -> None:
    times = take_turns({"a": lambda: None}, Turns(runs=4, rounds=2, pause_s=0.05), WallClock()).times["a"]
    assert times.shape == (2, MOST_RUNS)
    assert np.all((times > 0) & (times < 0.05))
    assert np.median(times) < 1e-4


def test_disturbed_rounds_are_measured_again() -> None:
    clock = FakeClock(1.0, 0.0, 0.05, 0.3, 0.0)
    seconds = itertools.count(1)
    turns = Turns(runs=3, rounds=3, pause_s=0, warm_s=0, block_s=0)

    def run() -> None:
        clock.time += next(seconds)

    found = take_turns({"a": run}, turns, clock)
    # Two runs to learn the length; then rounds of two untimed runs and a timed one: 2, 3 and 5 count.
    np.testing.assert_array_equal(np.sort(found.times["a"][:, 0]), [2 + 3 * number for number in (2, 3, 5)])
    assert found.rounds == 5
    assert found.others_cpus == pytest.approx(0.05 / 3)


def test_a_round_counts_whole() -> None:
    """What disturbs one program takes the block of the other with it."""
    clock = FakeClock(0.0, 1.0, 0.0, 0.0)
    turns = Turns(runs=1, rounds=1, pause_s=0, warm_s=0, block_s=0)
    found = take_turns({"a": clock.program("a", 1), "b": clock.program("b", 1)}, turns, clock)
    assert found.rounds == 2
    assert found.others_cpus == 0


def test_the_least_disturbed_rounds_count_where_none_is_quiet() -> None:
    clock = FakeClock(0.5, 0.2, 0.9, 0.3)
    turns = Turns(runs=2, rounds=2, pause_s=0, warm_s=0, block_s=0, patience=2)
    found = take_turns({"a": clock.program("a", 1)}, turns, clock)
    assert found.rounds == 4
    assert found.others_cpus == pytest.approx(0.25)


def noisy(random: np.random.Generator, middle: float) -> np.ndarray:
    return middle * random.lognormal(0, 0.1, (10, 5))


def test_ratio_of_constants() -> None:
    found = ratio(np.full((10, 3), 6.0), np.full((10, 7), 4.0))
    assert (found.value, found.low, found.high) == (1.5, 1.5, 1.5)
    assert str(found) == "1.50 [1.50, 1.50]"


def test_interval_holds_the_truth() -> None:
    """A 95 % interval misses the true ratio in few of 100 experiments, but not by being endless."""
    random = np.random.default_rng(1)
    found = [ratio(noisy(random, 3), noisy(random, 2), seed) for seed in range(100)]
    assert sum(row.low <= 1.5 <= row.high for row in found) >= 90
    assert all(row.low < row.value < row.high for row in found)
    assert np.median([row.high - row.low for row in found]) < 0.25


def test_common_disturbance_cancels() -> None:
    """A machine that is slow in some rounds slows both; the interval knows."""
    slow = np.repeat([[1.0], [3.0]], 5, axis=0)
    random = np.random.default_rng(0)
    together = ratio(slow * noisy(random, 3), slow * noisy(random, 2))
    apart = ratio(slow * noisy(random, 3), slow[::-1] * noisy(random, 2))
    assert together.high - together.low < 0.5 * (apart.high - apart.low)


def test_ratio_is_repeatable() -> None:
    random = np.random.default_rng(2)
    over, under = noisy(random, 3), noisy(random, 2)
    assert ratio(over, under) == ratio(over, under)
    assert ratio(over, under) != ratio(over, under, seed=1)


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1)
    assert geometric_mean([4.0, 1.0]) == pytest.approx(2)
    assert math.isnan(geometric_mean([]))
