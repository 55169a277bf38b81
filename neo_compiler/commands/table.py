"""Two aligned columns of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO


def print_table(rows: Sequence[tuple[str, str]], file: TextIO) -> None:
    """Print a title and a text a row."""
    width = max(len(title) for title, _ in rows)
    for title, text in rows:
        print(f"{title:{width}}  {text}", file=file)
