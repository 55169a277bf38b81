from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.artifact import open_artifact
from edge_runtime.package.cache import Cache, find_cache


def test_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(tmp_path / "mine"))
    assert find_cache() == Cache(tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o700
    monkeypatch.delenv("EDGE_RUNTIME_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert find_cache() == Cache(tmp_path / "xdg" / "neo-edge")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_cache() == Cache(tmp_path / ".cache" / "neo-edge")


def test_a_temporary_folder_where_there_is_no_cache(
    mlp_archive: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", "/proc/no-such-place")
    artifact = open_artifact(mlp_archive)
    assert "/proc/no-such-place cannot be used" in caplog.text
    assert (artifact.folder / "compiled.so").is_file()
    artifact.close()
    assert not artifact.folder.exists()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom edge_runtime.package.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "with cache.locked(), cache.workplace() as folder:\n"
        "    (folder / 'half').write_text('x')\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        os.kill(process.pid, signal.SIGKILL)
    assert len(list(tmp_path.glob("*/half"))) + len(list(tmp_path.glob(".*/half"))) > 0
    start = time.monotonic()
    with cache.locked():
        assert time.monotonic() - start < 5
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
