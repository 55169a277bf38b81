"""Debian on other CPUs, and a small model compiled for them."""

from __future__ import annotations

from pathlib import Path

import pytest

import neo_compiler
from benchmarks.fetch import ZooUnavailable
from benchmarks.userland import SYSTEMS, Userland, userland
from tests.neo_compiler.conftest import convolution
from tests.neo_compiler.models import save

TARGETS = {"arm64": "rasp4b", "armhf": "rasp3b"}


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs and unpacked artifacts of a test stay in its folder."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))


@pytest.fixture(scope="session", params=list(SYSTEMS))
def system(request: pytest.FixtureRequest) -> Userland:
    """Each system in turn; skips where it cannot be prepared."""
    return prepared(str(request.param))


def prepared(name: str) -> Userland:
    """The system called `name`; skips with the reason where it cannot be had."""
    try:
        return userland(name)
    except ZooUnavailable as error:
        pytest.skip(str(error))


def port(system: Userland) -> str:
    """Debian's name of the system's architecture."""
    return next(name for name, row in SYSTEMS.items() if row == system.system)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A convolution as artifacts, by target; "several" is one for three of them."""
    folder = tmp_path_factory.mktemp("artifacts")
    model = save(convolution(), folder, "conv.onnx")
    shapes = {"x": (1, 3, 16, 16)}
    several = ("rasp4b", "x86-64-v2", "rasp3b")
    targets = {"rasp4b": "rasp4b", "rasp3b": "rasp3b", "rasp5": "rasp5", "several": several}
    return {
        name: neo_compiler.compile(model, target=row, output=folder / f"{name}.tar.gz", input_shapes=shapes)
        for name, row in targets.items()
    }
