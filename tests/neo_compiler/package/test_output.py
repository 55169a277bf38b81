from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from neo_compiler.errors import OutputError
from neo_compiler.package.output import output_path, publish, workspace
from neo_compiler.package.write import package

MODEL = Path("models/net.v2.onnx")


def test_the_default_name_tells_model_and_target() -> None:
    assert output_path(MODEL, "x86-64-v3", None) == Path("net.v2-x86-64-v3.tar.gz")


def test_what_is_no_artifact_is_never_replaced(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    with pytest.raises(OutputError, match="is a folder, but no artifact"):
        output_path(MODEL, "host", photos)
    packed = tmp_path / "folder.tar.gz"
    packed.mkdir()
    (packed / "manifest.json").touch()
    with pytest.raises(OutputError, match="is a folder"):
        output_path(MODEL, "host", packed)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(OutputError, match="is a file"):
        output_path(MODEL, "host", file)


def test_an_older_artifact_may_be_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "manifest.json").touch()
    assert output_path(MODEL, "host", folder) == folder


def fail_inside(path: Path, error: BaseException) -> None:
    with workspace(path) as folder:
        assert folder.parent == path.parent
        (folder / "half").write_bytes(bytes(10))
        raise error


@pytest.mark.parametrize("error", [RuntimeError(), KeyboardInterrupt()])
def test_the_workspace_goes_with_the_error(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        fail_inside(tmp_path / "a.tar.gz", error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing", "file"])
def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    reason = {"missing": "the folder does not exist", "file": "it is not a folder"}[place]
    with (
        pytest.raises(OutputError, match=f"cannot write to .*{place}: {reason}"),
        workspace(tmp_path / place / "a"),
    ):
        pytest.fail("the workspace must not open")


def test_a_folder_without_permission_is_named() -> None:
    with (  # not even the superuser may make a folder here
        pytest.raises(
            OutputError, match=r"cannot write to /sys: (permission denied|the file system is read-only)"
        ),
        workspace(Path("/sys/a.tar.gz")),
    ):
        pytest.fail("the workspace must not open")


def test_a_full_disk_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        fail_inside(tmp_path / "a", OSError(errno.ENOSPC, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_another_error_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), workspace(tmp_path / "a"):
        (tmp_path / "nothing").read_bytes()


def artifact(folder: Path, text: str) -> Path:
    files = folder / "files"
    files.mkdir()
    (files / "manifest.json").write_text(text)
    return files


def test_a_folder_replaces_a_folder_whole(tmp_path: Path) -> None:
    path = tmp_path / "net"
    for text in ("old", "new"):
        with workspace(path) as folder:
            package(artifact(folder, text), path, folder)
    assert [file.name for file in tmp_path.iterdir()] == ["net"]
    assert (path / "manifest.json").read_text() == "new"


def test_the_old_folder_stays_where_the_new_one_cannot_be_moved(tmp_path: Path) -> None:
    path = tmp_path / "net"
    with workspace(path) as folder:
        package(artifact(folder, "old"), path, folder)
    with pytest.raises(OutputError), workspace(path) as folder:
        publish(folder / "nothing", path, folder)
    assert (path / "manifest.json").read_text() == "old"


def test_an_archive_replaces_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "net.tar.gz"
    path.write_bytes(b"old")
    with workspace(path) as folder:
        package(artifact(folder, "new"), path, folder)
    assert [file.name for file in tmp_path.iterdir()] == ["net.tar.gz"]
    assert path.read_bytes()[:2] == b"\x1f\x8b"


def test_an_interruption_while_the_workspace_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = os.mkdir

    def interrupted(*args: Any, **options: Any) -> None:
        make(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), workspace(tmp_path / "model.tar.gz"):
        pass
    assert list(tmp_path.iterdir()) == []
