"""The whole of edge_runtime, in Python with numpy, on ARM."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import edge_runtime
from benchmarks.userland import Userland
from edge_runtime.cli import main
from edge_runtime.errors import ExitCode
from tests.emulated.conftest import TARGETS, port, prepared

TOOL = ("-m", "edge_runtime.cli")


def test_the_system_is_what_devices_have(system: Userland) -> None:
    script = "import json, platform, numpy; from edge_runtime.device import cpu_flags, machine\n"
    script += (
        "print(json.dumps([platform.python_version(), numpy.__version__, machine(), sorted(cpu_flags())]))"
    )
    python, numpy, machine, flags = json.loads(system.python("-c", script).stdout)
    assert python.startswith("3.11.")
    assert numpy.startswith("1.24.")
    assert machine == {"arm64": "aarch64", "armhf": "armv7l"}[port(system)]
    assert set(flags) & {"asimd", "neon"}
    assert not set(flags) & {"asimddp", "sse2"}


def test_selftest(system: Userland, artifacts: dict[str, Path]) -> None:
    path = artifacts[TARGETS[port(system)]]
    done = system.python(*TOOL, "selftest", path, "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    assert json.loads(done.stdout)["cases"][0]["difference"] < 1e-5


def test_one_archive_everywhere(system: Userland, artifacts: dict[str, Path], tmp_path: Path) -> None:
    path = artifacts["several"]
    environment = {"EDGE_RUNTIME_CACHE": str(tmp_path / "cache")}
    done = system.python(*TOOL, "selftest", path, "--json", environment=environment)
    assert done.returncode == ExitCode.OK, done.stderr
    document = json.loads(done.stdout)
    assert document["target"] == TARGETS[port(system)]
    assert document["cases"][0]["difference"] < 1e-5
    assert "only it fits this machine" in done.stderr
    (entry,) = (folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir())
    assert len(list(entry.rglob("compiled.so"))) == len(list(entry.rglob("compiled.params"))) == 1

    forced = system.python(*TOOL, "selftest", path, "--target", "x86-64-v2", environment=environment)
    assert forced.returncode == ExitCode.ARTIFACT
    assert "it was compiled for x86_64 (target x86-64-v2), this machine is " in forced.stderr


def test_the_same_archive_here(artifacts: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", str(artifacts["several"]), "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["target"] == "x86-64-v2"


def test_threads_compute_the_same(system: Userland, artifacts: dict[str, Path], tmp_path: Path) -> None:
    path = artifacts[TARGETS[port(system)]]
    x = np.random.default_rng(3).standard_normal((1, 3, 16, 16)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    for threads in ("1", "3"):
        output = tmp_path / f"{threads}.npz"
        done = system.python(*TOOL, "run", path, tmp_path / "x.npy", "-o", output, "--threads", threads)
        assert done.returncode == ExitCode.OK, done.stderr
    one, three = (np.load(tmp_path / f"{threads}.npz")["y"] for threads in ("1", "3"))
    np.testing.assert_array_equal(one, three)
    assert one.any()


def test_an_artifact_for_another_architecture_is_refused(
    system: Userland, artifacts: dict[str, Path]
) -> None:
    other = {"arm64": "rasp3b", "armhf": "rasp4b"}[port(system)]
    done = system.python(*TOOL, "selftest", artifacts[other])
    assert done.returncode == ExitCode.ARTIFACT
    assert (
        f"it was compiled for {'armv7l' if other == 'rasp3b' else 'aarch64'} (target {other})" in done.stderr
    )


def test_an_artifact_for_a_newer_cpu_is_refused(artifacts: dict[str, Path]) -> None:
    system = prepared("arm64")
    done = system.python(*TOOL, "selftest", artifacts["rasp5"], cpu="cortex-a72")
    assert done.returncode == ExitCode.ARTIFACT
    assert "target rasp5, and this CPU lacks asimddp, asimdhp, fphp" in done.stderr
    assert system.python(*TOOL, "selftest", artifacts["rasp5"], cpu="cortex-a76").returncode == ExitCode.OK


def test_info_tells_that_it_was_executed(artifacts: dict[str, Path]) -> None:
    manifest = edge_runtime.artifact.open_artifact(artifacts["rasp4b"], fit=False).manifest
    assert manifest.accuracy is not None
    assert manifest.accuracy.executed == "qemu-aarch64 -cpu cortex-a72"
