from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, write_group


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; from greengrass_sim.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([n for n in ('asyncio', 'numpy', 'paho', 'iotcore') if n in sys.modules])\n"
        "print(time.process_time())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = result.stdout.splitlines()[-2:]
    assert loaded == "[]"
    assert float(seconds) < 1  # of the processor; 0.05 on an idle machine
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


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["start", "g", "--port", "x"], "--port: x is no port: a whole number is expected, 0 to 65535"),
        (["start", "g", "--spool-bytes", "9"], "9 is no number: a whole number is expected, 262144 or more"),
        (["sub", "a", "--count", "-1"], "-1 is no number: a whole number is expected, 0 or more"),
        (["pub", "a", "b", "--wait", "nan"], "nan is no number of seconds: a number is expected, 0 or more"),
        (["replay", "f", "--speed", "fast"], "fast is no speed: a number is expected, 0 or more"),
    ],
)
def test_wrong_numbers(arguments: list[str], problem: str) -> None:
    result = run_command(*arguments)
    assert result.returncode == ExitCode.USAGE
    assert result.stderr.decode().endswith(f"{problem}\n")


@pytest.mark.parametrize(
    ("arguments", "package"), [(["pub", "a", "b"], "paho"), (["start", "group.json"], "h11")]
)
def test_a_package_that_is_not_installed(tmp_path: Path, arguments: list[str], package: str) -> None:
    """As after an installation without extras."""
    write_group(tmp_path, echo_group())
    code = (
        f"import sys; sys.modules[{package!r}] = None; from greengrass_sim.cli import main\n"
        f"sys.exit(main({arguments!r}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert result.stderr == (
        f"greengrass-sim: error: {arguments[0]} needs the package {package}: "
        "pip install 'neo-edge[sim,broker]'\n"
    )
    assert (result.returncode, result.stdout) == (ExitCode.USAGE, "")


def test_log_lines_are_laid_out_as_on_a_core() -> None:
    code = (
        "from greengrass_sim.cli import _log_to_stderr, logging; _log_to_stderr('info'); logging.warning('x')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\]\[WARNING\]-root,x\n", result.stderr)
