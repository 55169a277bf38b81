from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from neo_compiler.errors import UsageError
from neo_compiler.frontend.sniff import (
    CHECKPOINT,
    EXPORTED,
    KERAS,
    ONNX,
    SAVED_MODEL,
    TFLITE,
    TORCHSCRIPT,
    Format,
    recognise,
)
from tests.neo_compiler.models import RELU, parse, save

LEGACY_CHECKPOINT = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x1c\x00\x00\x00TFL3" + bytes(100), TFLITE),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), KERAS),
        (LEGACY_CHECKPOINT, CHECKPOINT),
        (b"what nothing is known of", ONNX),
    ],
)
def test_a_file_is_known_by_how_it_begins(tmp_path: Path, content: bytes, expected: Format) -> None:
    path = tmp_path / "model.onnx"  # a wrong name misleads nobody
    path.write_bytes(content)
    assert recognise(path) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["m/archive_format", "m/models/model.json"], EXPORTED),
        (["m/data.pkl", "m/data/0", "m/version"], CHECKPOINT),
        (["m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"], TORCHSCRIPT),
        (["config.json", "metadata.json", "model.weights.h5"], KERAS),
    ],
)
def test_an_archive_is_known_by_what_it_holds(tmp_path: Path, members: list[str], expected: Format) -> None:
    path = tmp_path / "model"
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, "x")
    assert recognise(path) == expected


def test_another_archive_has_no_reader(tmp_path: Path) -> None:
    path = tmp_path / "model.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "x")
    assert not recognise(path).reader


def test_a_folder_is_known_by_its_files(tmp_path: Path) -> None:
    assert not recognise(tmp_path).reader
    (tmp_path / "saved_model.pb").touch()
    assert recognise(tmp_path) == SAVED_MODEL


def test_an_onnx_model_is_one(tmp_path: Path) -> None:
    assert recognise(save(parse(RELU), tmp_path, "model.tflite")) == ONNX


def test_what_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        recognise(tmp_path / "nothing")
