"""Imports that shall not find a module, although it is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Within, `name` cannot be imported, unless it was before; other threads see that too.

    TVM imports PyTorch where that is installed, which takes longer than all that `neo` needs.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = cast(ModuleType, None)
    try:
        yield
    finally:
        del sys.modules[name]
