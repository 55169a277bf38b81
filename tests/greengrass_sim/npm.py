"""Packages for Node.js, installed by npm from a lock file into the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parents[2] / ".cache"
INSTALL_S = 120


def installed(folder: Path) -> Path:
    """The folder with the `node_modules` that the lock file in `folder` asks for; skips where that fails."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    lock = (folder / "package-lock.json").read_bytes()
    done = CACHE / f"{folder.name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if done.is_dir():
        return done
    new = CACHE / f".{done.name}.{os.getpid()}"
    new.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, new)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    result = subprocess.run(command, cwd=new, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if result.returncode != 0:
        shutil.rmtree(new)
        pytest.skip(f"npm could not install {folder.name}: {result.stderr.strip().splitlines()[-1]}")
    new.replace(done)
    return done
