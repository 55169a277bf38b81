from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime import Model, load
from tests.edge_runtime import sample


@pytest.fixture(scope="session")
def mlp_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked artifact; not to be changed."""
    return sample.build_mlp(tmp_path_factory.mktemp("mlp") / "artifact")


@pytest.fixture(scope="session")
def mlp_archive(mlp_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.pack(mlp_folder, tmp_path_factory.mktemp("packed") / "mlp.tar.gz")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test has an empty cache."""
    root = tmp_path / "cache"
    monkeypatch.setenv("EDGE_RUNTIME_CACHE", str(root))
    return root


@pytest.fixture
def mlp(mlp_folder: Path) -> Iterator[Model]:
    with load(mlp_folder, threads=2) as model:
        yield model
