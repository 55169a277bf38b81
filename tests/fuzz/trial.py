"""One mutant in a process of its own, forked from one in which all is imported: limits, then judgement."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import EdgeError, ExitCode

DOCUMENTED = frozenset(ExitCode) - {ExitCode.BUG, ExitCode.UNREACHABLE, ExitCode.INTERRUPTED}
POLL = 0.01  # seconds
IMPORTED = ("neo_compiler.job", "neo_compiler.shell", "neo_compiler.commands.compile", "neo_compiler.lower",
            "neo_compiler.schedule", "neo_compiler.native.build", "onnxruntime", "onnx.reference",
            "edge_runtime")  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Of one trial: wall-clock seconds, bytes of address space, bytes of a file."""

    seconds: float = 60.0
    memory: int = 6 << 30
    file: int = 1 << 30


@dataclass(frozen=True)
class Trial:
    """How one mutant ended: `fault` says what is wrong with that, and is "" where nothing is."""

    code: int
    seconds: float
    fault: str = ""


def prepare() -> None:
    """Import what the trials need, so that each of them starts at once."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    for name in IMPORTED:
        importlib.import_module(name)


def compile_trial(mutant: bytes, limits: Limits) -> Trial:
    """`neo compile` of a mutant, as a program."""
    return _trial("model.onnx", mutant, limits, _compile)


def load_trial(mutant: bytes, limits: Limits) -> Trial:
    """`edge_runtime.load` of a mutant."""
    return _trial("artifact.tar.gz", mutant, limits, _load)


def _compile(path: Path) -> int:
    from neo_compiler.cli import main

    sys.argv = ["neo", "compile", str(path), "-o", str(path.with_name("out.tar.gz")), "--quiet"]
    return main()


def _load(path: Path) -> int:
    import edge_runtime

    try:
        edge_runtime.load(path, threads=1).close()
    except EdgeError as error:
        return error.exit_code
    return ExitCode.OK


def _trial(name: str, mutant: bytes, limits: Limits, action: Callable[[Path], int]) -> Trial:
    folder = Path(tempfile.mkdtemp(prefix="neo-fuzz-"))
    for place in ("work", "temporary", "state", "cache"):
        (folder / place).mkdir()
    path = folder / "work" / name
    path.write_bytes(mutant)
    try:
        return _watched(path, limits, action)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _watched(path: Path, limits: Limits, action: Callable[[Path], int]) -> Trial:
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _child(path, limits, action)
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        seconds = time.monotonic() - start
        if done:
            break
        if seconds > limits.seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return Trial(-1, seconds, "hang: no end within the time limit")
        time.sleep(POLL)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return Trial(-number, seconds, f"crash: {signal.Signals(number).name}: {_last_line(path)}")
    code = os.WEXITSTATUS(status)
    return Trial(code, seconds, _fault(path, code))


def _child(path: Path, limits: Limits, action: Callable[[Path], int]) -> None:
    """Never returns."""
    code: int = ExitCode.BUG
    try:
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file, limits.file))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        folder = path.parents[1]
        os.environ |= {"TMPDIR": str(folder / "temporary"), "XDG_STATE_HOME": str(folder / "state"),
                       "EDGE_RUNTIME_CACHE": str(folder / "cache")}  # fmt: skip
        tempfile.tempdir = None
        os.chdir(path.parent)
        said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1)
        os.dup2(said, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        code = action(path)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException as error:  # noqa: BLE001 - whatever comes out is the trial's result
        with contextlib.suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
        code = int(error.code or 0) if isinstance(error, SystemExit) else ExitCode.BUG
    finally:
        os._exit(code)


def _fault(path: Path, code: int) -> str:
    if code not in DOCUMENTED:
        return f"exit code {code}: {_last_line(path)}"
    folder = path.parents[1]
    allowed = {path} | ({path.with_name("out.tar.gz")} if code == ExitCode.OK else set())
    left = {entry for place in ("work", "temporary") for entry in (folder / place).rglob("*")} - allowed
    left |= set((folder / "cache").glob(".unfinished*"))
    return f"left behind: {', '.join(sorted(entry.name for entry in left))}" if left else ""


def _last_line(path: Path) -> str:
    said = path.parents[1] / "said"
    lines = said.read_text(errors="replace").strip().splitlines() if said.exists() else []
    return " | ".join(line for line in lines[-3:])[:600]
