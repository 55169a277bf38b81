"""Runs `greengrass-sim` as a user does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.greengrass_sim.simulator import COMMAND
from tests.waiting import BUSY_S


def run_command(
    *arguments: str, stdin: bytes = b"", folder: Path | None = None, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        cwd=folder,
        timeout=BUSY_S,
        check=False,
        env={**os.environ, **(environment or {})},
    )
