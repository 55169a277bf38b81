"""Numbers on the command line: types for argparse, whose own text for a wrong one names a Python function."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(least: int, most: float = math.inf, what: str = "number") -> Callable[[str], int]:
    """A whole number from `least` to `most`; `what` says in the error what it stands for."""

    def parse(text: str) -> int:
        number = _number(text, int)
        if number is None or not least <= number <= most:
            bounds = f"{least} or more" if most == math.inf else f"{least} to {most:g}"
            raise ArgumentTypeError(f"{text} is no {what}: a whole number is expected, {bounds}")
        return int(number)

    return parse


def real(what: str) -> Callable[[str], float]:
    """A finite number from 0 on."""

    def parse(text: str) -> float:
        number = _number(text, float)
        if number is None or not 0 <= number < math.inf:
            raise ArgumentTypeError(f"{text} is no {what}: a number is expected, 0 or more")
        return float(number)

    return parse


def _number(text: str, kind: type[int] | type[float]) -> float | None:
    try:
        return kind(text)
    except ValueError:
        return None
