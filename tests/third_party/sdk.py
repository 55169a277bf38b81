"""The SDK that handlers import, as its authors published it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "1.6.1"
_SHA256 = "9168de6ee046b35c57eb409ef81fd99004484641f126f6a540fe2cfe28a255ed"


def fetch_sdk(cache: Path) -> Path:
    """The folder with the package, fetched once into `cache`; CalledProcessError where it cannot be had."""
    folder = cache / f"greengrasssdk-{VERSION}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as half:
        wanted = Path(half) / "requirements.txt"
        wanted.write_text(f"greengrasssdk=={VERSION} --hash=sha256:{_SHA256}\n")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        found = Path(half) / "found"
        subprocess.run([*pip, "--require-hashes", "--target", str(found), "-r", str(wanted)], check=True)
        found.rename(folder)
    return folder
