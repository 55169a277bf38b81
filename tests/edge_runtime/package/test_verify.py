from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge_runtime.errors import ArtifactError
from edge_runtime.manifest import FileEntry, TargetNeeds
from edge_runtime.package.verify import check_fit, check_folder
from tests.edge_runtime import sample


@pytest.fixture
def folder(mlp_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mlp_folder, tmp_path / "copy"))


def test_a_whole_folder(folder: Path) -> None:
    assert set(check_folder(folder).files) == {"compiled.so", "compiled.params", "selftest/0.npz"}


@pytest.mark.parametrize("name", ["compiled.so", "compiled.params", "selftest/0.npz"])
def test_one_flipped_bit(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} is damaged: its SHA-256 is"):
        check_folder(folder)


def test_truncated_and_longer(folder: Path) -> None:
    path = folder / "compiled.params"
    content = path.read_bytes()
    for changed in (content[:-1], content + b"x", b""):
        path.write_bytes(changed)
        with pytest.raises(
            ArtifactError, match=rf"damaged: {len(changed)} bytes found, {len(content)} expected"
        ):
            check_folder(folder)


def test_missing_and_unlisted(folder: Path) -> None:
    (folder / "selftest" / "more").write_text("x")
    with pytest.raises(ArtifactError, match=r"selftest/more is not in its manifest: remove it"):
        check_folder(folder)
    (folder / "selftest" / "more").unlink()
    (folder / "compiled.so").unlink()
    with pytest.raises(ArtifactError, match=r"compiled\.so is missing"):
        check_folder(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"holds no manifest\.json"):
        check_folder(folder)


@pytest.mark.parametrize("name", ["compiled.params", "selftest"])
def test_links_are_refused(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=f"{name} is a link or a device"):
        check_folder(folder)


@pytest.mark.parametrize("name", ["../compiled.so", "/etc/passwd", "./compiled.so", "a//b"])
def test_the_manifest_names_files_inside_only(folder: Path, name: str) -> None:
    files = {name: FileEntry("0" * 64, 1)}
    sample.write_manifest(folder, sample.mlp_plan(), files=files)
    with pytest.raises(ArtifactError, match=r"leads out of the artifact's folder|not in its simplest form"):
        check_folder(folder)


def test_another_architecture() -> None:
    with pytest.raises(ArtifactError, match=r"compiled for riscv64 \(target board\), this machine is x86_64"):
        check_fit(TargetNeeds("board", "riscv64-linux-gnu", "riscv64", "generic"))


def test_missing_cpu_features_are_named() -> None:
    needs = TargetNeeds("big", "x86_64-linux-gnu", "x86_64", "big", ("sse2", "avx9000", "amx9"))
    with pytest.raises(ArtifactError, match=r"target big, and this CPU lacks amx9, avx9000: compile"):
        check_fit(needs)
    check_fit(TargetNeeds("small", "x86_64-linux-gnu", "x86_64", "small", ("sse2",)))
