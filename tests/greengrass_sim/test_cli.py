from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.command_line import run_command


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from greengrass_sim.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([n for n in ('asyncio', 'numpy', 'paho', 'iotcore') if n in sys.modules])"
    )
    before = time.monotonic()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.monotonic() - before < 2  # a busy machine; 0.05 s on an idle one
    assert result.stdout.endswith("[]\n")
    for command in ("start", "invoke", "pub", "sub"):
        assert f"    {command}" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["start"], ["pub", "topic"]])
def test_wrong_usage(arguments: list[str]) -> None:
    result = run_command(*arguments)
    assert result.returncode == ExitCode.USAGE
    assert b"usage: greengrass-sim" in result.stderr
    assert result.stdout == b""


def test_errors_are_one_line() -> None:
    result = run_command("start", "no-such-file.json")
    assert result.returncode == ExitCode.USAGE
    assert result.stderr.decode() == (
        "greengrass-sim: error: no-such-file.json: $: cannot read the group file: No such file or directory\n"
    )


def test_log_lines_are_laid_out_as_on_a_core() -> None:
    code = (
        "from greengrass_sim.cli import _log_to_stderr, logging; _log_to_stderr('info'); logging.warning('x')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]\[WARNING\]-root,x\n", result.stderr)
