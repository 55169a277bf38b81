from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import FileEntry
from edge_runtime.package.archive import checked_name, extract

FILES = {"a": b"first", "sub/b": bytes(100_000), "empty": b"", "odd": bytes(513)}


def entry(content: bytes) -> FileEntry:
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))


def tar(add: Callable[[tarfile.TarFile], None], kind: int = tarfile.USTAR_FORMAT) -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w", format=kind) as file:
        add(file)
    return memory.getvalue()


def add_file(file: tarfile.TarFile, name: str, content: bytes = b"", mtime: float = 0) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(content), mtime  # type: ignore[assignment]  # tarfile takes a float
    file.addfile(info, io.BytesIO(content))


def add_all(file: tarfile.TarFile) -> None:
    for name, content in FILES.items():
        add_file(file, name, content)


def unpack(content: bytes, folder: Path, piece: int = 1 << 16) -> dict[str, FileEntry]:
    return extract((content[i : i + piece] for i in range(0, len(content), piece)), folder)


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("piece", [1, 1000, 1 << 20])
def test_files(tmp_path: Path, kind: int, piece: int) -> None:
    found = unpack(gzip.compress(tar(add_all, kind)), tmp_path, piece)
    assert found == {name: entry(content) for name, content in FILES.items()}
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES


@pytest.mark.parametrize("level", [0, 9])
def test_several_gzip_members(tmp_path: Path, level: int) -> None:
    content = tar(add_all)
    members = [gzip.compress(content[i : i + 700], level) for i in range(0, len(content), 700)]
    assert len(unpack(b"".join(members), tmp_path)) == len(FILES)


def test_made_by_others(tmp_path: Path) -> None:
    """Folders, a leading ./ and extended headers for times are what tar programs add on their own."""

    def add(file: tarfile.TarFile) -> None:
        folder = tarfile.TarInfo("./")
        folder.type = tarfile.DIRTYPE
        file.addfile(folder)
        add_file(file, "./a", b"x", mtime=1.25)

    content = tar(add, tarfile.PAX_FORMAT)
    assert b"mtime=1.25" in content
    assert unpack(gzip.compress(content), tmp_path) == {"a": entry(b"x")}


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\\b", "a\nb", "a\x7f"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match="leads out of the artifact's folder"):
        checked_name(name)
    folder = tmp_path / "inner" / "folder"
    with pytest.raises(ArtifactError, match="leads out of the artifact's folder"):
        unpack(gzip.compress(tar(lambda file: add_file(file, name, b"x"))), folder)
    assert not list(tmp_path.rglob("x"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (b"V", "no regular file"),
    ],
)
def test_other_kinds_of_files(tmp_path: Path, kind: bytes, text: str) -> None:
    def add(file: tarfile.TarFile) -> None:
        info = tarfile.TarInfo("entry")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)

    with pytest.raises(ArtifactError, match=f"'entry' is {text}, which an artifact cannot hold"):
        unpack(gzip.compress(tar(add)), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_refused(tmp_path: Path, kind: int) -> None:
    with pytest.raises(ArtifactError, match=r"100 bytes|extended tar header"):
        unpack(gzip.compress(tar(lambda file: add_file(file, "n" * 200), kind)), tmp_path)


def test_a_name_twice(tmp_path: Path) -> None:
    def add(file: tarfile.TarFile) -> None:
        add_file(file, "a", b"1")
        add_file(file, "./a", b"2")

    with pytest.raises(ArtifactError, match="holds a twice"):
        unpack(gzip.compress(tar(add)), tmp_path)


def test_truncated_anywhere(tmp_path: Path) -> None:
    content = gzip.compress(tar(lambda file: add_file(file, "a", bytes(range(256)) * 8)))
    for length in range(len(content)):
        with pytest.raises(ArtifactError, match=r"truncated|damaged"):
            unpack(content[:length], tmp_path / str(length))


@pytest.mark.parametrize("cut", [0, 300, 512, 700, 1024, 1500])
def test_truncated_before_it_was_compressed(tmp_path: Path, cut: int) -> None:
    content = tar(lambda file: add_file(file, "a", bytes(1000)))
    with pytest.raises(ArtifactError, match="truncated"):
        unpack(gzip.compress(content[:cut]), tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip at all", "damaged"),
        (gzip.compress(b"no tar at all" * 100), "no tar file"),
        (gzip.compress(tar(add_all)) + b"rest", "damaged"),
        (gzip.compress(tar(add_all) + b"rest"), "goes on after its end"),
        (gzip.compress(b"") * 1100, "more than 1000 gzip members"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        unpack(content, tmp_path)


@pytest.mark.parametrize("field", [slice(0, 1), slice(124, 136), slice(148, 156), slice(257, 263)])
def test_damaged_header(tmp_path: Path, field: slice) -> None:
    content = bytearray(tar(lambda file: add_file(file, "a", b"x")))
    content[field] = b"7" * len(content[field])
    with pytest.raises(ArtifactError, match="a damaged one"):
        unpack(gzip.compress(bytes(content)), tmp_path)


def test_a_file_without_a_name(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="without a name"):
        unpack(gzip.compress(tar(lambda file: add_file(file, "."))), tmp_path)
