"""Debian 12 for other CPUs, with Python 3.11 and numpy 1.24, run by QEMU's user-mode emulation.

    python -m benchmarks.userland                     prepares both in the cache
    python -m benchmarks.userland arm64 -c 'import platform; print(platform.machine())'

Nothing is installed on this machine: the packages are fetched by apt, which proves their signatures, and
unpacked into a folder of the cache. Debian 12 is what Raspberry Pi OS bookworm is made of.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fetch import ZooUnavailable, cache_folder
from edge_runtime.errors import ExitCode

ROOT = Path(__file__).parents[1]
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCES = f"""Types: deb
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: {KEYRING}
"""
PACKAGES = ("python3.11", "python3-numpy", "libc6-dev")
PROGRAMS = ("apt-get", "dpkg-deb")


@dataclass(frozen=True)
class System:
    """A port of Debian: QEMU's program and the least CPU for it, the folder of its libraries."""

    qemu: str
    cpu: str
    triple: str


SYSTEMS = {
    "arm64": System("qemu-aarch64", "cortex-a53", "aarch64-linux-gnu"),
    "armhf": System("qemu-arm", "cortex-a7", "arm-linux-gnueabihf"),
}


@dataclass(frozen=True)
class Userland:
    """An unpacked system under `folder`."""

    system: System
    folder: Path

    @property
    def libraries(self) -> Path:
        """The folder of the system's shared libraries."""
        return self.folder / "usr" / "lib" / self.system.triple

    def run(
        self, *command: str | Path, cpu: str | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the system; names of files are those of this machine."""
        paths = (self.libraries / "blas", self.libraries / "lapack")
        values = {"LD_LIBRARY_PATH": ":".join(map(str, paths)), **(environment or {})}
        assignments = [part for name, value in values.items() for part in ("-E", f"{name}={value}")]
        root = ("-cpu", cpu or self.system.cpu, "-L", str(self.folder))
        whole = [str(find_qemu(self.system)), *root, *assignments, *map(str, command)]
        return subprocess.run(whole, capture_output=True, text=True, check=False)

    def python(
        self, *arguments: str | Path, cpu: str | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run its Python, with this repository's packages."""
        values = {
            "PYTHONPATH": f"{ROOT}:{self.folder / 'usr' / 'lib' / 'python3' / 'dist-packages'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environment or {}),
        }
        python = self.folder / "usr" / "bin" / "python3.11"
        return self.run(python, *arguments, cpu=cpu, environment=values)


def find_qemu(system: System) -> Path:
    """QEMU's program; raises ZooUnavailable with the command that installs it."""
    program = shutil.which(system.qemu) or shutil.which(f"{system.qemu}-static")
    if program is None:
        raise ZooUnavailable(f"{system.qemu} is not installed: apt install qemu-user")
    return Path(program)


def userland(name: str) -> Userland:
    """The system `arm64` or `armhf`, from the cache or fetched now.

    Raises ZooUnavailable where something that is needed for it is missing, or the packages cannot be had.
    """
    system = SYSTEMS[name]
    find_qemu(system)
    key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = cache_folder() / f"userland-{name}-{key}"
    if not folder.exists():
        _prepare(name, folder)
    return Userland(system, folder)


def _prepare(name: str, folder: Path) -> None:
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing or not KEYRING.exists():
        raise ZooUnavailable(
            f"no Debian packages without {', '.join(missing) or KEYRING}: use Debian or Ubuntu"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        root = Path(work, "root")
        for package in _download(name, Path(work)):
            _call("dpkg-deb", "-x", str(package), str(root))
        try:
            root.rename(folder)
        except OSError:
            if not folder.exists():  # another process was quicker
                raise


def _download(name: str, work: Path) -> list[Path]:
    for part in ("state/lists/partial", "cache/archives/partial", "packages/partial", "sources", "root"):
        (work / part).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources" / "debian.sources").write_text(SOURCES, encoding="ascii")
    settings = {
        "APT::Architecture": name,
        "APT::Architectures": name,
        "APT::Sandbox::User": "",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::Cache::archives": work / "packages",
    }
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    _call("apt-get", *options, "-qq", "update")
    _call("apt-get", *options, "-qq", "-y", "--no-install-recommends", "-d", "install", *PACKAGES)
    return sorted((work / "packages").glob("*.deb"))


def _call(*command: str) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        raise ZooUnavailable(f"{command[0]}: {done.stderr.strip() or done.stdout.strip()}")


def main(arguments: list[str]) -> int:
    """Prepare both systems, or run one's Python with the other arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.userland",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("system", nargs="?", choices=SYSTEMS, help="default: prepare all, run nothing")
    parser.add_argument("python", nargs=argparse.REMAINDER, metavar="...", help="what its Python is given")
    given = parser.parse_args(arguments)
    try:
        if given.system is None:
            print("\n".join(str(userland(name).folder) for name in SYSTEMS))
            return ExitCode.OK
        done = userland(given.system).python(*given.python)
    except ZooUnavailable as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
