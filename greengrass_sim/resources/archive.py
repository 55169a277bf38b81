"""Archives, unpacked so that nothing lands outside their folder."""

from __future__ import annotations

import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, NamedTuple

from greengrass_sim.errors import GroupError

_CHUNK = 1 << 18
_BAD = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(OSError, EOFError, NotImplementedError, RuntimeError, ValueError),
)


class _Member(NamedTuple):
    name: str
    kind: Literal["file", "folder", "other"]
    executable: bool
    content: IO[bytes] | None


def unpack(archive: Path, target: Path, place: str) -> None:
    """Unpacks a zip or tar archive into the new folder `target`, which appears when it is complete.

    Raises GroupError with the path `place` for what is no archive, and for members that are links or devices
    or that lead out of the folder.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    try:
        for member in _members(archive):
            _check(member, archive, place)
            _write(member, half / member.name)
        half.chmod(0o755)
        half.rename(target)
    except _BAD as error:
        raise GroupError(place, f"cannot unpack {archive}: {error}") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _members(archive: Path) -> Iterator[_Member]:
    """The end of a file makes it a zip archive, also where a tar archive ends with one."""
    is_zip = zipfile.is_zipfile(archive) and not tarfile.is_tarfile(archive)
    return _zip_members(archive) if is_zip else _tar_members(archive)


def _tar_members(archive: Path) -> Iterator[_Member]:
    with tarfile.open(archive, "r:*") as tar:
        for info in tar:
            kind: Literal["file", "folder", "other"] = "other"
            if info.isfile() or info.isdir():
                kind = "file" if info.isfile() else "folder"
            content = tar.extractfile(info) if kind == "file" else None
            yield _Member(info.name, kind, bool(info.mode & stat.S_IXUSR), content)
        while tar.fileobj is not None and tar.fileobj.read(_CHUNK):
            pass  # to the end, where gzip has the checksum of all that was read


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as packed:
        for info in packed.infolist():
            mode = info.external_attr >> 16  # that of Unix; 0 where another system made the archive
            if info.is_dir():
                yield _Member(info.filename, "folder", True, None)
            elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                yield _Member(info.filename, "other", False, None)
            else:
                with packed.open(info) as content:
                    yield _Member(info.filename, "file", bool(mode & stat.S_IXUSR), content)


def _check(member: _Member, archive: Path, place: str) -> None:
    if Path(member.name).is_absolute() or ".." in Path(member.name).parts:
        raise GroupError(place, f"{archive} holds {member.name!r}, which leads out of its folder")
    if member.kind == "other":
        raise GroupError(place, f"{archive} holds {member.name!r}, which is neither a file nor a folder")


def _write(member: _Member, path: Path) -> None:
    folder = path if member.kind == "folder" else path.parent
    folder.mkdir(parents=True, exist_ok=True)
    if member.content is not None:
        with member.content as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        path.chmod(0o755 if member.executable else 0o644)
