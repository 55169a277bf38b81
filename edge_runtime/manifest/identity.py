"""Who made an artifact, of what, and which bytes it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ModelIdentity:
    """The model that was compiled: `format` is e.g. "onnx", `sha256` that of its file."""

    name: str
    sha256: str
    format: str
    opset: int | None = None


@dataclass(frozen=True)
class CompilerIdentity:
    """What compiled it: the same model, options and versions give the same bytes."""

    name: str
    version: str
    tvm: str
    llvm: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FileEntry:
    """SHA-256 in hexadecimal and size in bytes."""

    sha256: str
    size: int
