"""Which program runs a function: the runtimes of AWS Lambda, and what there is for them here.

Functions for Python 3 run on the Python that runs the simulator, functions for Node.js on the Node.js of this
machine, executables by themselves; a table of the user's may name another program for a runtime.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import greengrass_sim
from greengrass_sim.group.function import Function

EXECUTABLE = "arn:aws:greengrass:::runtime/function/executable"
_NODE = Path(greengrass_sim.__file__).parent / "runtime" / "node"
_PYTHON3 = re.compile(r"python3(\.\d+)?")
_NOT_HAD = {
    "python2": "Python 2 is not to be had; where the code runs on Python 3 as well, --runtime {}=python3",
    "java": "only functions for Python, Node.js and executables are run yet",
}


def is_executable(runtime: str | None) -> bool:
    """Whether functions of `runtime` are programs of their own, such as those of the SDK for C."""
    return runtime == EXECUTABLE


def is_node(runtime: str | None) -> bool:
    """Whether functions of `runtime` are modules for Node.js."""
    return runtime is not None and runtime.startswith("nodejs")


def runtime_problem(runtime: str | None, programs: Mapping[str, str]) -> str | None:
    """Why functions of `runtime` cannot run here; None when they can."""
    if runtime is not None and runtime in programs:
        if shutil.which(programs[runtime]) is None:
            return _not_found(programs[runtime], f"for runtime {runtime}")
        return None
    if runtime is None or is_executable(runtime) or _PYTHON3.fullmatch(runtime):
        return None
    if is_node(runtime):
        return (
            None if _node(runtime) else _not_found(runtime, f"nor is node; --runtime {runtime}=PATH names it")
        )
    reason = next((text for name, text in _NOT_HAD.items() if runtime.startswith(name)), "it is not known")
    return f"runtime {runtime}: {reason.format(runtime)}"


def interpreter(runtime: str | None, programs: Mapping[str, str]) -> str:
    """The program that runs functions of `runtime`, which has no problem; empty for executables."""
    if is_executable(runtime):
        return ""
    found = shutil.which(programs[runtime]) if runtime is not None and runtime in programs else None
    return found or (_node(runtime) if runtime is not None and is_node(runtime) else None) or sys.executable


def command(function: Function, code: Path, programs: Mapping[str, str]) -> tuple[str, ...]:
    """The command line of a function that fetches its events; empty for those that our Python worker runs."""
    runtime = function.lambda_runtime
    if is_executable(runtime):
        return (str(code / function.executable), *shlex.split(function.config.exec_args or ""))
    if is_node(runtime):
        timeout = str(function.config.timeout)
        return (interpreter(runtime, programs), str(_NODE / "worker.js"), function.executable, timeout)
    return ()


def runtime_environment(runtime: str | None) -> dict[str, str]:
    """Variables that the runtime needs: where the modules that only a core supplies are found, last."""
    return {"NODE_PATH": str(_NODE / "modules")} if is_node(runtime) else {}


def runtime_note(runtime: str | None, programs: Mapping[str, str]) -> str | None:
    """A remark when a function does not get the program that it asks for."""
    if runtime is None or runtime in programs or is_executable(runtime):
        return None
    if is_node(runtime):
        found = interpreter(runtime, programs)
        name = Path(found).name
        return None if name == runtime else f"runtime {runtime} is not here, {found} runs it"
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime in (own, "python3"):
        return None
    return f"runtime {runtime} is not here, {own} runs it; --runtime {runtime}=PATH names another"


def _node(runtime: str) -> str | None:
    """Under the runtime's own name, as on a core, or the one that is installed."""
    return next((found for name in (runtime, "node", "nodejs") if (found := shutil.which(name))), None)


def _not_found(program: str, where: str) -> str:
    return f'exec: "{program}": executable file not found in $PATH, {where}'
