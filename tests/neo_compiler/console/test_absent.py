from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from neo_compiler.console.absent import absent


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported and has not been."""
    (tmp_path / "module_to_miss.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return "module_to_miss"


def test_a_module_is_missed_and_found_afterwards(module: str) -> None:
    with pytest.raises(ImportError), absent(module):
        importlib.import_module(module)
    assert importlib.import_module(module).__name__ == module
    del sys.modules[module]


def test_a_module_that_is_there_stays() -> None:
    with absent("sys"):
        assert importlib.import_module("sys") is sys
    assert importlib.import_module("sys") is sys
