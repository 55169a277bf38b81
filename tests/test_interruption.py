"""An interruption ends each command in its own words, wherever it comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode

# The program, how its subcommand is replaced, and the arguments that call it.
PROGRAMS = {
    "edge-runtime": (
        "from edge_runtime.cli import COMMANDS, main",
        "COMMANDS['info'] = interrupted",
        ["info", "a"],
    ),
    "greengrass-sim": (
        "from greengrass_sim.cli import main; from greengrass_sim.commands import status",
        "status.run = interrupted",
        ["status"],
    ),
    "neo": (
        "from neo_compiler.cli import main; from neo_compiler.commands import targets",
        "targets.run = interrupted",
        ["targets"],
    ),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_interruption_at_any_place(program: str, tmp_path: Path) -> None:
    """Python notes one that comes while it runs text, as for a dataclass, and ends by SIGINT after all."""
    imports, replacement, arguments = PROGRAMS[program]
    interrupted = "def interrupted(_): exec('raise KeyboardInterrupt')"
    lines = ("import sys", imports, interrupted, replacement, "sys.exit(main())")
    (tmp_path / "program.py").write_text("".join(f"{line}\n" for line in lines))
    command = [sys.executable, "-m", "program", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (ExitCode.INTERRUPTED, f"{program}: interrupted\n")
