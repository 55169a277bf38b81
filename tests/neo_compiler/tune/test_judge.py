from __future__ import annotations

import numpy as np
import pytest

from neo_compiler.tune.judge import contest, judge
from neo_compiler.tune.measure import Failed, TimeUp
from neo_compiler.tune.race import Times
from neo_compiler.tune.verdict import Verdict

ROUNDS = 40
NAMES = ("analytic", "other", "third")


def times(*ms: float, noise: float = 0.01, together: tuple[float, ...] = (), seed: int = 0) -> Times:
    """Rounds around the given medians; what disturbs a round disturbs all candidates in it."""
    random = np.random.default_rng(seed)

    def rounds(medians: tuple[float, ...]) -> np.ndarray:
        disturbance = 1 + 3 * random.random((ROUNDS, 1))
        return np.array(medians) * 1e6 * disturbance * random.normal(1, noise, (ROUNDS, len(medians)))

    return Times(rounds(ms), rounds(together) if together else None, (True,) * len(ms))


def test_a_faster_candidate_wins() -> None:
    verdict = judge(NAMES, times(1.0, 0.8, 0.9))
    assert verdict.chosen == "other"
    assert verdict.gain == pytest.approx(1.25, rel=0.05)


@pytest.mark.parametrize("other", [1.2, 1.0, 0.98])
def test_what_is_not_clearly_faster_changes_nothing(other: float) -> None:
    verdict = judge(NAMES[:2], times(1.0, other))
    assert verdict.chosen == "analytic"
    assert verdict.gain == 1.0


def test_noise_seldom_wins() -> None:
    """Seven candidates of the same speed, with as much noise as a busy machine has."""
    names = tuple(map(str, range(8)))
    chosen = [judge(names, times(*[1.0] * 8, noise=0.1, seed=seed)).chosen for seed in range(200)]
    assert sum(name != "0" for name in chosen) <= 10


def test_luck_in_the_first_half_does_not_count() -> None:
    alone = np.full((ROUNDS, 2), 1e6)
    alone[: ROUNDS // 2, 1] = 5e5
    assert judge(NAMES[:2], Times(alone, None, (True, True))).chosen == "analytic"


def test_a_candidate_that_computes_something_else_never_wins() -> None:
    fast = times(1.0, 0.5, 0.8)
    assert judge(NAMES, Times(fast.alone, None, (True, False, True))).chosen == "third"


def test_what_is_slower_on_all_cpus_never_wins() -> None:
    assert judge(NAMES[:2], times(1.0, 0.8, together=(0.5, 0.6))).chosen == "analytic"
    assert judge(NAMES[:2], times(1.0, 0.8, together=(0.5, 0.45))).chosen == "other"


def test_a_candidate_that_fails_spoils_only_its_own_chance() -> None:
    asked: list[tuple[str, ...]] = []

    def measure(names: tuple[str, ...]) -> Times:
        asked.append(names)
        if "other" in names:
            raise Failed("it crashes")
        medians = {"analytic": 1.0, "third": 0.7}
        return times(*(medians[name] for name in names))

    assert contest(measure, NAMES).chosen == "third"
    assert asked == [NAMES, ("analytic",), ("analytic", "other"), ("analytic", "third")]


def test_where_the_first_fails_nothing_is_chosen() -> None:
    def measure(names: tuple[str, ...]) -> Times:
        raise Failed("it crashes")

    assert contest(measure, NAMES) == Verdict("analytic", None, None)


def test_the_end_of_the_time_is_no_verdict() -> None:
    def measure(names: tuple[str, ...]) -> Times:
        raise TimeUp

    with pytest.raises(TimeUp):
        contest(measure, NAMES)
