"""A short run of the mutants, and that faults are seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from tests.fuzz import trial
from tests.fuzz.pool import Mutant

SHORT = 25  # of each kind


def test_mutants_end_as_they_should() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--models", str(SHORT), "--artifacts", str(SHORT)]
    done = subprocess.run([*command, "--jobs", "2"], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SHORT} models of seed 0" in done.stdout


def test_the_same_seed_gives_the_same_mutants() -> None:
    assert Mutant("model", 3, 7).content() == Mutant("model", 3, 7).content()
    assert Mutant("model", 3, 7).content() != Mutant("model", 4, 7).content()


def crashes(_path: Path) -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def hangs(_path: Path) -> int:
    time.sleep(600)
    return 0


def litters(path: Path) -> int:
    path.with_name("litter").touch()
    return ExitCode.MODEL


def fails(_path: Path) -> int:
    raise KeyError("unforeseen")


def behaves(_path: Path) -> int:
    return ExitCode.MODEL


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("action", "fault"),
    [
        (crashes, "crash: SIGSEGV"),
        (hangs, "hang"),
        (litters, "left behind: litter"),
        (fails, "exit code 1: KeyError: 'unforeseen'"),
        (behaves, ""),
    ],
)
def test_faults_are_seen(action: Callable[[Path], int], fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_load", action)
    limits = trial.Limits(seconds=2, memory=1 << 40)
    found = trial.load_trial(b"", limits).fault
    assert found.startswith(fault) if fault else not found
