from __future__ import annotations

import io
import os
import random
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.resources.archive import unpack


def make_tar(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload] - the mode is no literal here
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = 3
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def make_zip(path: Path, name: str, mode: int = stat.S_IFREG | 0o644) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        packed.writestr(info, "/etc/passwd")
    return path


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_archives(tmp_path: Path, mode: str) -> None:
    archive = make_tar(tmp_path / "a", member("d", type=tarfile.DIRTYPE, size=0), member("d/f"), mode=mode)
    unpack(archive, tmp_path / "out" / "here", "$")
    assert (tmp_path / "out" / "here" / "d" / "f").read_bytes() == b"xxx"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["here"]


def test_zip_archives_keep_what_is_executable(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr("d/plain", "1")
        info = zipfile.ZipInfo("run")
        info.external_attr = (stat.S_IFREG | 0o755) << 16
        packed.writestr(info, "2")
        packed.mkdir("empty")
    unpack(tmp_path / "a.zip", tmp_path / "out", "$")
    assert (tmp_path / "out" / "d" / "plain").read_text() == "1"
    assert os.access(tmp_path / "out" / "run", os.X_OK)
    assert not stat.S_IMODE((tmp_path / "out" / "d" / "plain").stat().st_mode) & stat.S_IXUSR
    assert (tmp_path / "out" / "empty").is_dir()


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        (member("../out"), "leads out of its folder"),
        (member("/out"), "leads out of its folder"),
        (member("a/../../out"), "leads out of its folder"),
        (member("l", type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0), "neither a file nor a folder"),
        (member("l", type=tarfile.LNKTYPE, linkname="first", size=0), "neither a file nor a folder"),
        (member("pipe", type=tarfile.FIFOTYPE, size=0), "neither a file nor a folder"),
    ],
)
def test_a_tar_that_reaches_out_is_refused(tmp_path: Path, info: tarfile.TarInfo, problem: str) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", member("first"), info)
    with pytest.raises(GroupError, match=problem) as caught:
        unpack(archive, tmp_path / "out" / "here", "$.place")
    assert caught.value.path == "$.place"
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "mode", "problem"),
    [
        ("../out", stat.S_IFREG | 0o644, "leads out of its folder"),
        ("/out", stat.S_IFREG | 0o644, "leads out of its folder"),
        ("link", stat.S_IFLNK | 0o777, "neither a file nor a folder"),
    ],
)
def test_a_zip_that_reaches_out_is_refused(tmp_path: Path, name: str, mode: int, problem: str) -> None:
    archive = make_zip(tmp_path / "a.zip", name, mode)
    with pytest.raises(GroupError, match=problem):
        unpack(archive, tmp_path / "out" / "here", "$")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_truncated_archive_is_refused(tmp_path: Path, keep: int) -> None:
    archive = make_tar(tmp_path / "a.tar.gz", member("a"))
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(GroupError, match="cannot unpack"):
        unpack(archive, tmp_path / "out" / "here", "$")
    assert list((tmp_path / "out").iterdir()) == []


def damaged(archive: Path) -> Path:
    """With other bytes in the middle, where the members' contents are."""
    data = bytearray(archive.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 32] = bytes(0xFF for _ in range(32))
    archive.write_bytes(data)
    return archive


@pytest.mark.parametrize("kind", ["zip", "w:gz", "w:bz2", "w:xz"])
def test_a_damaged_archive_is_refused(tmp_path: Path, kind: str) -> None:
    content = tmp_path / "content"
    content.write_bytes(random.Random(0).randbytes(20_000) + bytes(20_000))
    archive = tmp_path / "a"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(content, "f")
    else:
        with tarfile.open(archive, kind) as tar:  # type: ignore[call-overload] - the mode is no literal here
            tar.add(content, "f")
    with pytest.raises(GroupError, match="cannot unpack"):
        unpack(damaged(archive), tmp_path / "out" / "here", "$")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path: Path) -> None:
    """Such as a model with arrays in an .npz file: the end of a zip archive is what makes it one."""
    inner = make_zip(tmp_path / "arrays.npz", "w.npy")
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        tar.add(inner, "arrays.npz")
    unpack(tmp_path / "a.tar", tmp_path / "out", "$")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["arrays.npz"]
