"""What a core's `config.json` allows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckOptions:
    """`allow_root` is `runtime.allowFunctionsToRunAsRoot`."""

    allow_root: bool = False
