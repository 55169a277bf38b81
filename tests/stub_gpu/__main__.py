"""Runs a command with a driver that has no GPU, and tells which rules were broken.

python -m tests.stub_gpu edge-runtime selftest model.tar.gz
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.stub_gpu.stub import Stub


def main(command: list[str]) -> int:
    """The command's exit status, or 1 where a rule was broken."""
    with tempfile.TemporaryDirectory(prefix="stub-gpu-") as folder:
        stub = Stub(Path(folder))
        done = subprocess.run(command, env={**os.environ, **stub.environment}, check=False)
        print(*stub.violations[:10], sep="\n", end="\n" if stub.violations else "", file=sys.stderr)
        return done.returncode or bool(stub.violations)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
