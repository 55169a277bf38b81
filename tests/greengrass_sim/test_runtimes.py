from __future__ import annotations

import sys
from pathlib import Path

import pytest

from greengrass_sim.group.function import Function, FunctionConfiguration
from greengrass_sim.runtimes import EXECUTABLE, command, interpreter, runtime_note, runtime_problem

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.parametrize("runtime", [None, "python3.7", "python3", OWN])
def test_python_3_runs_on_our_own(runtime: str | None) -> None:
    assert runtime_problem(runtime, {}) is None
    assert interpreter(runtime, {}) == sys.executable


@pytest.mark.parametrize(
    ("runtime", "problem"),
    [
        ("python2.7", "--runtime python2.7=python3"),
        ("java8", "only functions for Python, Node.js and executables"),
        ("cobol", "it is not known"),
    ],
)
def test_what_is_not_to_be_had_is_told(runtime: str, problem: str) -> None:
    assert problem in str(runtime_problem(runtime, {}))
    assert runtime_problem(runtime, {runtime: sys.executable}) is None


def test_a_program_of_the_user_s() -> None:
    assert interpreter("python3.8", {"python3.8": sys.executable}) == sys.executable
    problem = runtime_problem("python3.8", {"python3.8": "no-such-python"})
    assert problem is not None
    assert problem.startswith('exec: "no-such-python": executable file not found in $PATH')


def test_another_version_than_asked_for_is_noted() -> None:
    assert runtime_note(OWN, {}) is None
    assert runtime_note(None, {}) is None
    assert runtime_note("python2.7", {"python2.7": "python3"}) is None
    assert f"runtime python3.1 is not here, {OWN} runs it" in str(runtime_note("python3.1", {}))


def test_nodejs_by_the_name_of_its_runtime_or_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert 'exec: "nodejs12.x": executable file not found in $PATH' in str(runtime_problem("nodejs12.x", {}))
    for name in ("node", "nodejs12.x"):
        program = tmp_path / name
        program.touch(0o755)
        assert runtime_problem("nodejs12.x", {}) is None
        assert interpreter("nodejs12.x", {}) == str(program)
    assert runtime_note("nodejs12.x", {}) is None
    assert f"runtime nodejs8.10 is not here, {tmp_path / 'node'} runs it" in str(
        runtime_note("nodejs8.10", {})
    )


def test_executables_run_by_themselves(tmp_path: Path) -> None:
    configuration = FunctionConfiguration(executable="bin/one", exec_args="-v 'a b'")
    function = Function("one", "arn", configuration, runtime=EXECUTABLE)
    assert runtime_problem(EXECUTABLE, {}) is None
    assert command(function, tmp_path, {}) == (f"{tmp_path}/bin/one", "-v", "a b")
