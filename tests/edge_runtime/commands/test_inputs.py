from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.commands.inputs import read_inputs
from edge_runtime.commands.pictures import PictureOptions
from edge_runtime.errors import InputError
from edge_runtime.manifest import TensorSpec

ONE = (TensorSpec("x", "float32", (2,)),)
TWO = (*ONE, TensorSpec("y=z", "float32", (2,)))
OPTIONS = PictureOptions()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.float32([1, 2]))
    np.save("b=c.npy", np.float32([3, 4]))
    np.savez("both.npz", **{"x": np.float32([5, 6]), "y=z": np.float32([7, 8])})
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "specs", "expected"),
    [
        ([], ONE, {}),
        (["a.npy"], ONE, {"x": [1, 2]}),
        (["x=a.npy"], ONE, {"x": [1, 2]}),
        (["b=c.npy"], ONE, {"x": [3, 4]}),
        (["x=b=c.npy", "y=z=a.npy"], TWO, {"x": [3, 4], "y=z": [1, 2]}),
        (["both.npz"], TWO, {"x": [5, 6], "y=z": [7, 8]}),
    ],
)
def test_forms(arguments: list[str], specs: tuple[TensorSpec, ...], expected: dict[str, list[float]]) -> None:
    found = read_inputs(arguments, specs, OPTIONS)
    assert {name: array.tolist() for name, array in found.items()} == expected


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "specs", "message"),
    [
        (["a.npy"], TWO, r"a.npy: this model has 2 inputs, say which: NAME=a.npy \(x, y=z\)"),
        (["q=a.npy"], ONE, "there is no input 'q'; there is x"),
        (["a.npy", "x=a.npy"], ONE, "input 'x' is given twice"),
        (["absent.npy"], ONE, "absent.npy: cannot be read: .*No such file"),
        (["absent.npz"], ONE, "absent.npz: cannot be read: .*No such file"),
        (["a.txt"], ONE, "a.txt: a .npy, .npz or picture file is expected"),
    ],
)
def test_refusals(arguments: list[str], specs: tuple[TensorSpec, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_inputs(arguments, specs, OPTIONS)


@pytest.mark.parametrize("name", ["bad.npy", "bad.npz"])
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04 and no more", b"text"])
def test_damaged_files(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: cannot be read"):
        read_inputs([name], ONE, OPTIONS)


def test_pickles_are_not_opened(folder: Path) -> None:
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez("objects.npz", x=np.array([{}], dtype=object))
    for name in ("objects.npy", "objects.npz"):
        with pytest.raises(InputError, match=f"{name}: cannot be read: .*allow_pickle"):
            read_inputs([name], ONE, OPTIONS)
