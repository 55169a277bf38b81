"""What tells one model from another: its format, a hash of its content, its size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from neo_compiler.frontend.sniff import recognise


@dataclass(frozen=True)
class Identity:
    """`format` is the name in `sniff`; `sha256` that of the file, or of all that a folder holds."""

    format: str
    sha256: str
    size: int


def identify(path: Path) -> Identity:
    """The identity of the model in the file or folder `path`. Raises UsageError where it cannot be read."""
    form = recognise(path)
    if path.is_file():
        with path.open("rb") as stream:
            return Identity(form.name, hashlib.file_digest(stream, "sha256").hexdigest(), path.stat().st_size)
    digest, size = hashlib.sha256(), 0
    for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(path).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
        size += len(content)
    return Identity(form.name, digest.hexdigest(), size)
