"""Which candidate wins: another one replaces the analytic model's choice only where that is no chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neo_compiler.tune.measure import Failed
from neo_compiler.tune.race import Times
from neo_compiler.tune.verdict import Verdict

CLEARLY = 1.03  # times as fast at least, on one thread
MOSTLY = 0.8  # of the rounds, at least, have to say so
NO_LOSS = 0.98  # times as fast on all CPUs, at least


def contest(measure: Callable[[tuple[str, ...]], Times], candidates: tuple[str, ...]) -> Verdict:
    """The verdict over candidates, of which the first is the analytic model's.

    Where measuring them together fails, each is measured alone with the first: a bad one spoils only its
    own chance.
    """
    try:
        return judge(candidates, measure(candidates))
    except Failed:
        pass
    first, *others = candidates
    try:
        verdicts = [judge((first,), measure((first,)))]
    except Failed:
        return Verdict(first, None, None)
    for other in others:
        try:
            verdicts.append(judge((first, other), measure((first, other))))
        except Failed:
            continue
    return max(verdicts, key=lambda verdict: verdict.gain)


def judge(candidates: tuple[str, ...], times: Times) -> Verdict:
    """The verdict of one race.

    The first half of the rounds names a challenger, the second half judges it: the luck that made it the best
    of many does not count.
    """
    half = len(times.alone) // 2
    heats, final = np.median(times.alone[:half], axis=0), times.alone[half:]
    allowed = [number for number, agrees in enumerate(times.agree) if agrees]
    challenger = min(allowed, key=lambda number: float(heats[number]))
    medians = np.median(final, axis=0) / 1e6
    chosen = challenger if _wins(final, times.together, challenger) else 0
    return Verdict(candidates[chosen], float(medians[0]), float(medians[chosen]))


def _wins(final: np.ndarray, together: np.ndarray | None, challenger: int) -> bool:
    gains = final[:, 0] / final[:, challenger]
    clearly = float(np.median(gains)) >= CLEARLY and float(np.mean(gains > 1)) >= MOSTLY
    return clearly and (together is None or _median_gain(together, challenger) >= NO_LOSS)


def _median_gain(times: np.ndarray, challenger: int) -> float:
    return float(np.median(times[:, 0] / times[:, challenger]))
