"""The process around a command: signals, full disks, stray output, bugs."""

from __future__ import annotations

import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import ExitCode
from tests.neo_compiler.models import parse, save, with_weights
from tests.waiting import BUSY_S

NEO = (sys.executable, "-m", "neo_compiler.cli")
SHAPE = ("--input-shape", "x:1,3,16,16")
MEGABYTE = 1 << 20
LINEAR = "g (float[1, 512] x, float[512, 2048] w) => (float[1, 2048] y) { y = MatMul(x, w) }"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the temporary files of the programs that a test starts."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setenv("TMPDIR", str(path))
    return path


@pytest.fixture
def slow_model(tmp_path: Path) -> Path:
    """Convolutions of many different sizes: code generation takes several seconds."""
    steps, weights, channels = [], {}, 3
    for index in range(40):
        weights[f"w{index}"] = np.full((channels + 1, channels, 3, 3), 1 / (9 * channels))
        steps.append(f"x{index + 1} = Conv<pads = [1, 1, 1, 1]>(x{index}, w{index})")
        channels += 1
    inputs = ", ".join(f"float[{', '.join(map(str, value.shape))}] {name}" for name, value in weights.items())
    body = (
        f"g (float[1, 3, 32, 32] x0, {inputs}) => (float[1, {channels}, 32, 32] x40) {{ {' '.join(steps)} }}"
    )
    return save(with_weights(parse(body), **weights), tmp_path, "slow.onnx")


def run(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """A program's exit code and output."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run(command, text=True, check=False, **options)


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until it holds, as long as the process runs."""
    deadline = time.monotonic() + BUSY_S
    while not condition():
        assert process.poll() is None, "the process has ended"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("delay", [0.0, 1.2])
def test_an_interrupted_compilation_leaves_nothing(
    slow_model: Path, folder: Path, temporary: Path, number: signal.Signals, delay: float
) -> None:
    command = [*NEO, "compile", str(slow_model), "-o", "slow.tar.gz"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(lambda: any(folder.iterdir()), process)
        time.sleep(delay)
        process.send_signal(number)
        out, err = process.communicate(timeout=BUSY_S)
    assert process.returncode == ExitCode.INTERRUPTED
    assert (out, err) == ("", "neo: interrupted\n")
    assert list(folder.iterdir()) == []
    assert list(temporary.iterdir()) == []


def test_a_file_that_grows_too_large_leaves_nothing(folder: Path, tmp_path: Path, temporary: Path) -> None:
    model = save(with_weights(parse(LINEAR), w=np.ones((512, 2048))), tmp_path)
    done = run(
        [*NEO, "compile", str(model), "-o", "a.tar.gz"],
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (MEGABYTE, MEGABYTE)),
    )
    assert done.returncode == ExitCode.USAGE
    assert "a file grew beyond the size that is allowed" in done.stderr
    assert done.stdout == ""
    assert list(folder.iterdir()) == list(temporary.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; only the superuser can have one."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTE}", "none", str(path)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.mark.parametrize("output", ["a.tar.gz", "a"])
def test_a_full_disk_leaves_nothing(tiny_disk: Path, tmp_path: Path, temporary: Path, output: str) -> None:
    model = save(with_weights(parse(LINEAR), w=np.ones((512, 2048))), tmp_path)
    done = run([*NEO, "compile", str(model), "-o", output], cwd=tiny_disk)
    assert done.returncode == ExitCode.USAGE
    assert f"neo: cannot write to {tiny_disk}: the disk is full\n" == done.stderr
    assert list(tiny_disk.iterdir()) == list(temporary.iterdir()) == []


def test_a_full_disk_that_only_a_tool_notices_is_called_so(tiny_disk: Path, model_path: Path) -> None:
    """The linker says it in words of its own; 100 kB are left, too few for the library."""
    (tiny_disk / "other").write_bytes(bytes(MEGABYTE - 100_000))
    done = run(
        [*NEO, "compile", str(model_path), "-o", "a.tar.gz", *SHAPE],
        cwd=tiny_disk,
    )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.endswith(": the disk is full\n")
    assert [file.name for file in tiny_disk.iterdir()] == ["other"]


def test_an_answer_that_cannot_be_written() -> None:
    with Path("/dev/full").open("w") as full:
        done = run([*NEO, "targets"], stdout=full)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == "neo: cannot write: the disk is full\n"


def test_a_reader_that_has_enough_is_no_error() -> None:
    with subprocess.Popen([*NEO, "targets"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == ExitCode.OK


def test_a_bug_is_one_line_and_a_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    script = """if True:
        import argparse, os, sys
        from neo_compiler import shell
        from neo_compiler.commands import targets
        def run(arguments):
            os.write(1, b"native noise on stdout\\n")
            os.write(2, b"native noise on stderr\\n")
            raise ValueError("seven is no prime")
        targets.run = run
        sys.exit(shell.run(argparse.Namespace(command="targets"), program=True))
    """
    done = run([sys.executable, "-c", script])
    log = tmp_path / "neo" / "neo.log"
    assert done.returncode == ExitCode.BUG
    assert done.stdout == ""
    assert done.stderr == (
        "neo: this is a bug: ValueError: seven is no prime\n"
        f"neo: the traceback is in {log}: please report it\n"
    )
    text = log.read_text()
    assert "in run\n" in text
    assert "ValueError: seven is no prime" in text
    assert "native noise on stdout" in text
    assert "native noise on stderr" in text


def test_without_a_log_the_traceback_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    script = """if True:
        import argparse, sys
        from neo_compiler import shell
        sys.exit(shell.run(argparse.Namespace(command="nothing"), program=True))
    """
    done = run([sys.executable, "-c", script])
    assert done.returncode == ExitCode.BUG
    assert "Traceback" in done.stderr


def test_a_progress_bar_is_drawn_on_a_terminal(model_path: Path, folder: Path) -> None:
    command = [*NEO, "compile", str(model_path), "-o", "a.tar.gz", *SHAPE]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        drawn = read_terminal(ours)
        assert process.stdout is not None
        assert process.stdout.read() == b"a.tar.gz\n"
    os.close(ours)
    assert process.returncode == ExitCode.OK
    assert b"build" in drawn
    assert b"\x1b[" in drawn


def read_terminal(number: int) -> bytes:
    """All that a program writes to its terminal until it ends."""
    drawn = b""
    while select.select([number], [], [], 60)[0]:
        try:
            piece = os.read(number, 65536)
        except OSError:  # the other end was closed
            break
        if not piece:
            break
        drawn += piece
    return drawn
