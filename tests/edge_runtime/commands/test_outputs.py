from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.commands.outputs import summarise, write_npz
from edge_runtime.errors import InputError

ARRAYS = {"file": np.float32([[1, 2], [3, 4]]), "a/b": np.int64(7), "": np.zeros((0, 2), bool)}


def test_whatever_the_names(tmp_path: Path) -> None:
    path = tmp_path / "out.npz"
    write_npz(path, ARRAYS)
    first = path.read_bytes()
    write_npz(path, ARRAYS)
    assert path.read_bytes() == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.npz"]
    with np.load(path) as found:
        assert {name: found[name].tolist() for name in found.files} == {
            "file": [[1, 2], [3, 4]],
            "a/b": 7,
            "": [],
        }


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        write_npz(tmp_path / "out.npz", {"first": np.zeros(3), "second": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


def test_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "absent" / "out.npz", Path("/proc/out.npz"), tmp_path / "folder"):
        with pytest.raises(InputError, match="cannot be written"):
            write_npz(path, ARRAYS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_summary() -> None:
    rows = summarise(
        {"p": np.float32([[0.1, 0.7], [0.2, -1]]), "n": np.int64(7), "b": np.array([True, False])}
    )
    assert [(row["name"], row["dtype"], row["shape"]) for row in rows] == [
        ("p", "float32", [2, 2]),
        ("n", "int64", []),
        ("b", "bool", [2]),
    ]
    assert [value["index"] for value in rows[0]["top"]] == [[0, 1], [1, 0], [0, 0], [1, 1]]
    assert rows[1]["top"] == [{"index": [], "value": 7}]
    assert rows[2]["top"] == [{"index": [0], "value": True}, {"index": [1], "value": False}]
    assert summarise({"none": np.zeros((0, 3))})[0]["top"] == []
