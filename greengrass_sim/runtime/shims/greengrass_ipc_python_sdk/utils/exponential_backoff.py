"""Retries with growing delays."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any


def retry(
    time_out_secs: float, initial_delay_secs: float = 0.1, exceptions: Any = Exception
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator: calls again after an exception, with twice the delay each time, until the time is out."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def repeated(*args: Any, **kwargs: Any) -> Any:
            deadline, delay = time.monotonic() + time_out_secs, initial_delay_secs
            while True:
                try:
                    return function(*args, **kwargs)
                except exceptions:
                    if time.monotonic() + delay > deadline:
                        raise
                    time.sleep(delay)
                    delay *= 2

        return repeated

    return decorate
