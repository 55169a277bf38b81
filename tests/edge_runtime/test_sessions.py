from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.chain import ChainSession
from edge_runtime.errors import RunError
from edge_runtime.native import NativeModel, NativeSession
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


class Full(NativeModel):
    """Has no memory for a session."""

    def session(self) -> NativeSession:
        raise RunError("there is no memory")


def test_a_model_without_memory_for_a_session_is_closed(mlp_folder: Path) -> None:
    with pytest.raises(RunError, match="no memory"):
        SessionPool(Full(mlp_folder / "compiled.so", mlp_folder / "compiled.params", 1))
    assert str(mlp_folder) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_a_chain_without_memory_for_all_sessions_has_none(mlp_folder: Path) -> None:
    files = mlp_folder / "compiled.so", mlp_folder / "compiled.params"
    parts = [NativeModel(*files, 1), Full(*files, 1)]
    with pytest.raises(RunError, match="no memory"):
        ChainSession(parts[0].inputs, parts[1].outputs, parts)
    for part in parts:
        part.close()
    assert str(mlp_folder) not in Path("/proc/self/maps").read_text(encoding="utf-8")


def test_closed_in_the_middle(mlp_folder: Path) -> None:
    model = NativeModel(mlp_folder / "compiled.so", mlp_folder / "compiled.params", 1)
    pool = SessionPool(model)
    with pool.session():
        pool.close()
        with pytest.raises(RunError, match=r"this model has 1 open session$"):
            model.close()
    assert str(mlp_folder) not in Path("/proc/self/maps").read_text(encoding="utf-8")
