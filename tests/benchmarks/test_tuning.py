from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import zoo
from benchmarks.tuning import main
from edge_runtime.errors import ExitCode

NAME = "silero-vad"


def test_a_table(
    have: Callable[[Callable[[], Any]], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    have(lambda: zoo.fetch(NAME))
    monkeypatch.setenv("NEO_TUNING", str(tmp_path / "tuning.sqlite"))
    assert main([NAME, "--seconds", "60", "--threads", "1"]) == ExitCode.OK
    row = capsys.readouterr().out.splitlines()[-1]
    times = r"[\d.]+ ms \| [\d.]+ ms \| [\d.]+ \[[\d.]+, [\d.]+\]"
    assert re.fullmatch(rf"\| {NAME} \| 1 \| {times} \| \d+ of \d+ \| \d+ s \|", row)
    assert (tmp_path / "tuning.sqlite").exists()
