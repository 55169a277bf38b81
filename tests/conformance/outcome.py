"""What became of one case."""

from __future__ import annotations

from dataclasses import dataclass

# From best to worst. "native": all of it is compiled; "fallback": onnxruntime runs all of it; "mixed": both.
CLASSES = ("native", "mixed", "fallback", "refused", "wrong", "crash", "hang")
PASSED = frozenset({"native", "mixed", "fallback"})
NEVER = frozenset({"wrong", "crash", "hang"})


@dataclass(frozen=True)
class Outcome:
    """`detail` tells why a case did not pass, in one line."""

    name: str
    kind: str
    operator: str
    result: str
    detail: str = ""
    seconds: float = 0.0
    fixed: tuple[str, ...] = ()
