"""DLR's error, and its log of errors."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar

_log = logging.getLogger("dlr.neologger_logger")
_Method = TypeVar("_Method", bound=Callable[..., Any])


class DLRError(Exception):
    """The model cannot be loaded or run."""


def logged(doing: str) -> Callable[[_Method], _Method]:
    """Errors are logged, then raised, so that they are seen also where the caller swallows them."""

    def decorate(method: _Method) -> _Method:
        @functools.wraps(method)
        def wrapper(*given: Any, **named: Any) -> Any:
            try:
                return method(*given, **named)
            except Exception as error:
                _log.exception("error in %s %s", doing, error)
                raise

        return wrapper  # type: ignore[return-value] # it has the signature of what it wraps

    return decorate


def log_to(file: str | None) -> None:
    """Errors go to `file` too, once however many models name it."""
    if file is None:
        return
    path = os.path.abspath(file)  # noqa: PTH100 - as logging itself writes it
    known = (handler for handler in _log.handlers if isinstance(handler, logging.FileHandler))
    if all(handler.baseFilename != path for handler in known):
        _log.addHandler(logging.FileHandler(path, delay=True))
