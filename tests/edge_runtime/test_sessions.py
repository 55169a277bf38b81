from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import RunError
from edge_runtime.native import NativeModel
from edge_runtime.sessions import SessionPool


def test_as_many_as_there_are_runs_at_a_time(mlp_folder: Path) -> None:
    pool = SessionPool(NativeModel(mlp_folder / "compiled.so", mlp_folder / "compiled.params", 1))
    with pool.session() as first:
        with pool.session() as second:
            assert first is not second
        with pool.session() as third:
            assert third is second
    with pool.session() as again:
        assert again in (first, second)
    pool.close()
    with pytest.raises(RunError, match="the model is closed"), pool.session():
        pass


def test_closed_in_the_middle(mlp_folder: Path) -> None:
    model = NativeModel(mlp_folder / "compiled.so", mlp_folder / "compiled.params", 1)
    pool = SessionPool(model)
    with pool.session():
        pool.close()
        with pytest.raises(RunError, match=r"this model has 1 open session$"):
            model.close()
    assert str(mlp_folder) not in Path("/proc/self/maps").read_text(encoding="utf-8")
