from __future__ import annotations

import gzip
import os
import tarfile
from pathlib import Path

import numpy as np

from neo_compiler.package.archive import HUGE, LARGE, compression_level, write_archive

RANDOM = np.random.default_rng(0)


def files(folder: Path) -> Path:
    weights = RANDOM.standard_normal(2 * LARGE // 4).astype(np.float32).tobytes()
    contents = {
        "compiled.params": weights,
        "compiled.so": bytes(3 * LARGE),
        "manifest.json": b"{}",
        "selftest/0.npz": b"n" * 513,
        "empty": b"",
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_every_file_comes_back(tmp_path: Path) -> None:
    source, packed = files(tmp_path / "a"), tmp_path / "a.tar.gz"
    write_archive(source, packed)
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "b", filter="data")
        members = archive.getmembers()
    assert [member.name for member in members] == [
        "manifest.json",
        "compiled.params",
        "compiled.so",
        "empty",
        "selftest/0.npz",
    ]
    for member in members:
        assert (tmp_path / "b" / member.name).read_bytes() == (source / member.name).read_bytes()


def test_members_say_nothing_of_the_machine(tmp_path: Path) -> None:
    packed = tmp_path / "a.tar.gz"
    write_archive(files(tmp_path / "a"), packed)
    with tarfile.open(packed) as archive:
        for member in archive:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")
            assert member.mode == 0o644


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = files(tmp_path / "a"), tmp_path / "other"
    for path in sorted(first.rglob("*"), reverse=True):
        copy = second / path.relative_to(first)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
            os.utime(copy, (1, 1))
            copy.chmod(0o600)
    write_archive(first, tmp_path / "1.tar.gz")
    write_archive(second, tmp_path / "2.tar.gz")
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "2.tar.gz").read_bytes()


def test_huge_files_are_compressed_quickly(tmp_path: Path) -> None:
    path = tmp_path / "examples"
    for size, level in ((HUGE, 6), (HUGE + 1, 1)):
        with path.open("wb") as file:
            file.truncate(size)
        assert compression_level(path) == level


def test_float_weights_are_stored_and_other_files_compressed(tmp_path: Path) -> None:
    source, packed = files(tmp_path / "a"), tmp_path / "a.tar.gz"
    assert compression_level(source / "compiled.params") == 0
    assert compression_level(source / "compiled.so") == 6
    assert compression_level(source / "manifest.json") == 9
    write_archive(source, packed)
    weights = (source / "compiled.params").stat().st_size
    assert weights < packed.stat().st_size < weights + 20_000
    assert (source / "compiled.params").read_bytes()[1000:1064] in packed.read_bytes()


def test_the_archive_is_sealed(tmp_path: Path) -> None:
    from edge_runtime.package.seal import SealedBytes

    packed = tmp_path / "a.tar.gz"
    write_archive(files(tmp_path / "a"), packed)
    content = packed.read_bytes()
    assert b"".join(SealedBytes([content])) == content
    assert content.endswith(bytes(8)), "the seal is an empty gzip member"
    assert len(gzip.decompress(content)) % tarfile.BLOCKSIZE == 0
