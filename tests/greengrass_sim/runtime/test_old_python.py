"""A worker may run on an older Python than the core: handlers were written for 3.7 and 3.8."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import greengrass_sim

PACKAGE = Path(greengrass_sim.__file__).parent
OURS = ("greengrass_common", "greengrass_ipc_python_sdk", "greengrasssdk")
FILES = [
    PACKAGE / "topics.py",
    *sorted((PACKAGE / "runtime").glob("*.py")),
    *sorted(file for name in OURS for file in (PACKAGE / "runtime" / "shims" / name).rglob("*.py")),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_the_worker_is_written_for_python_3_7(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 7))
