"""The compiler's own source files: what its version is, as long as it is not released."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).parent
SUFFIXES = frozenset({".py", ".c", ".h", ".toml"})


def source_hash(root: Path = ROOT) -> str:
    """SHA-256 over names and contents of the source files under `root`."""
    found = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.suffix in SUFFIXES):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()
