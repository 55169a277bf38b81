from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from edge_runtime.artifact import open_artifact
from edge_runtime.errors import ArtifactError, ExitCode
from edge_runtime.manifest import TargetNeeds
from tests.edge_runtime import sample
from tests.waiting import BUSY_S


def entries(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if path.name != ".lock"]


def test_an_archive_is_unpacked_once(mlp_archive: Path, mlp_folder: Path, cache: Path) -> None:
    first = open_artifact(mlp_archive)
    written = (first.folder / "compiled.so").stat().st_ino
    second = open_artifact(mlp_archive)
    assert first == second
    assert (second.folder / "compiled.so").stat().st_ino == written
    assert entries(cache) == [first.folder]
    assert (first.folder / "compiled.so").read_bytes() == (mlp_folder / "compiled.so").read_bytes()
    second.close()
    assert first.folder.exists()


def test_the_name_does_not_matter_but_the_content(mlp_archive: Path, tmp_path: Path, cache: Path) -> None:
    renamed = Path(shutil.copy(mlp_archive, tmp_path / "other.name"))
    assert open_artifact(renamed).folder == open_artifact(mlp_archive).folder
    repacked = tmp_path / "repacked.tar.gz"
    with tarfile.open(repacked, "w:gz") as file:
        file.add(open_artifact(mlp_archive).folder, ".")
    assert open_artifact(repacked).manifest == open_artifact(mlp_archive).manifest
    assert len(entries(cache)) == 2


def test_a_folder_is_used_in_place(mlp_folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mlp_folder.parent)
    artifact = open_artifact(mlp_folder.name)
    assert artifact.folder == mlp_folder
    artifact.close()
    assert mlp_folder.exists()
    assert not cache.exists()


def test_a_flipped_byte_anywhere(mlp_archive: Path, tmp_path: Path) -> None:
    """Also where the undamaged archive is in the cache already."""
    open_artifact(mlp_archive)
    content = mlp_archive.read_bytes()
    places = {
        *range(64),
        *range(len(content) - 256, len(content)),
        *random.Random(1).sample(range(len(content)), 200),
    }
    for place in sorted(places):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path = tmp_path / "damaged.tar.gz"
        path.write_bytes(damaged)
        with pytest.raises(ArtifactError) as caught:
            open_artifact(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert caught.value.exit_code == ExitCode.ARTIFACT


def test_truncated_anywhere(mlp_archive: Path, tmp_path: Path, cache: Path) -> None:
    content = mlp_archive.read_bytes()
    seal_free = len(content) - 109  # an archive without its seal is a whole archive
    for length in {0, 1, 2, 10, seal_free - 1, seal_free + 1, *range(0, seal_free, 997), len(content) - 1}:
        path = tmp_path / "short.tar.gz"
        path.write_bytes(content[:length])
        with pytest.raises(ArtifactError):
            open_artifact(path)
    assert not entries(cache)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b", b"hello"])
def test_what_is_no_artifact(tmp_path: Path, content: bytes, cache: Path) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"thing: (it is neither|the archive)"):
        open_artifact(path)
    with pytest.raises(ArtifactError, match="cannot be opened: No such file"):
        open_artifact(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match=r"empty: it holds no manifest\.json"):
        open_artifact(tmp_path / "empty")


def test_an_escaping_name_writes_nothing_outside(mlp_folder: Path, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "evil.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT) as file:
        file.add(mlp_folder / "manifest.json", "manifest.json")
        info = tarfile.TarInfo("../../evil")
        info.size = 4
        file.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(ArtifactError, match="leads out of the artifact's folder"):
        open_artifact(path)
    assert not list(tmp_path.rglob("evil"))
    assert not entries(cache)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (TargetNeeds("pi4", "aarch64-linux-gnu", "aarch64", "cortex-a72"), "it was compiled for aarch64"),
        (TargetNeeds("next", "x86_64-linux-gnu", "x86_64", "next", ("avx9000",)), "this CPU lacks avx9000"),
    ],
)
def test_for_another_machine(mlp_folder: Path, tmp_path: Path, target: TargetNeeds, message: str) -> None:
    folder = Path(shutil.copytree(mlp_folder, tmp_path / "copy"))
    sample.write_manifest(folder, sample.mlp_plan(), target=target)
    for path in (folder, sample.pack(folder, tmp_path / "packed.tar.gz")):
        with pytest.raises(ArtifactError, match=message):
            open_artifact(path)
        assert open_artifact(path, fit=False).manifest.target == target


@pytest.mark.parametrize("name", ["compiled.params", "compiled.so", "manifest.json"])
def test_a_damaged_cache_entry_is_replaced(
    mlp_archive: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = open_artifact(mlp_archive).folder
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(b"\0" * len(content))
    assert open_artifact(mlp_archive).folder == folder
    assert (folder / name).read_bytes() == content
    assert "unpacking again" in caplog.text


def test_a_foreign_file_in_the_cache_entry(mlp_archive: Path) -> None:
    folder = open_artifact(mlp_archive).folder
    (folder / "foreign").write_text("x")
    open_artifact(mlp_archive)
    assert not (folder / "foreign").exists()


def test_a_cache_that_cannot_be_used_is_passed_over(
    mlp_archive: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Such as that of another user: here no file can be made that locks it."""
    (cache / ".lock").mkdir(parents=True)
    artifact = open_artifact(mlp_archive)
    assert not artifact.folder.is_relative_to(cache)
    assert f"the cache {cache} cannot be used" in caplog.text
    artifact.close()
    assert not artifact.folder.exists()


def test_an_entry_that_cannot_be_read_is_replaced(mlp_archive: Path) -> None:
    folder = open_artifact(mlp_archive).folder
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").mkdir()
    assert open_artifact(mlp_archive).folder == folder
    assert (folder / "manifest.json").is_file()


def test_many_processes_at_once(mlp_archive: Path, cache: Path) -> None:
    """On an empty cache, and again on one whose entry is damaged."""
    program = (
        "import sys, numpy, edge_runtime\n"
        "with edge_runtime.load(sys.argv[1], threads=1) as model:\n"
        "    model.run({'x': numpy.zeros((8, 64), numpy.float32)})\n"
    )
    for _ in range(2):
        command = [sys.executable, "-c", program, str(mlp_archive)]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(6)]
        for process in processes:
            _, errors = process.communicate(timeout=BUSY_S)
            assert process.returncode == 0, errors
        (entry,) = entries(cache)
        (entry / "compiled.params").write_bytes(b"damaged")


def test_disk_full(mlp_archive: Path, tmp_path: Path) -> None:
    """A file size limit stands in for a full disk: the write fails half-way all the same."""
    program = (
        "import resource, signal, sys, edge_runtime\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    edge_runtime.load(sys.argv[1])\n"
        "except edge_runtime.ArtifactError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(mlp_archive)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{mlp_archive}: cannot be opened: File too large\n"
    assert not entries(tmp_path / "cache")


def test_a_cache_that_nothing_may_be_executed_from(mlp_archive: Path, tmp_path: Path) -> None:
    command = 'mount -t tmpfs -o noexec none "$0" && exec "$1" -m edge_runtime.cli selftest "$2"'
    arguments = ["unshare", "--map-root-user", "--mount", "sh", "-c", command]
    folder = tmp_path / "cache"
    folder.mkdir()
    if (
        not shutil.which("unshare")
        or subprocess.run([*arguments[:3], "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system allows no mounts here")
    done = subprocess.run(
        [*arguments, folder, sys.executable, mlp_archive], capture_output=True, text=True, check=False
    )
    assert done.returncode == ExitCode.ARTIFACT, done.stderr
    assert "mounted noexec: set EDGE_RUNTIME_CACHE to a folder on another one" in done.stderr
