"""What a device installs: `device/`, the package edge_runtime alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import edge_runtime

ROOT = Path(__file__).parents[2]
MOST_BYTES, MOST_BYTES_OF_WHEEL = 600_000, 100_000  # what the README says


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since building leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("device", "edge_runtime"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "-w", folder, folder / "device"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no wheel can be built here: {done.stderr.strip()[-200:]}")
    (path,) = folder.glob("*.whl")
    return path


def test_numpy_is_all_that_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        head = Parser().parsestr(archive.read(name).decode())
    always = [row for row in head.get_all("Requires-Dist", []) if "extra ==" not in row]
    assert always == ["numpy>=1.21"]
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert head["Version"] == tomllib.load(file)["project"]["version"]


def test_an_install_is_small(wheel: Path, tmp_path: Path) -> None:
    """Also unpacked and with its byte code, which Python adds."""
    assert wheel.stat().st_size < MOST_BYTES_OF_WHEEL
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    subprocess.run([sys.executable, "-m", "compileall", "-q", tmp_path], check=True)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size < MOST_BYTES
    package = Path(edge_runtime.__file__).parent
    expected = {path.relative_to(package) for path in package.rglob("*.py")}
    assert {path.relative_to(tmp_path / "edge_runtime") for path in tmp_path.rglob("*.py")} == expected
    print(f"{size} bytes installed, with byte code")
