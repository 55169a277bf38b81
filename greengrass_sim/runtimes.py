"""Which program runs a function: the runtimes of AWS Lambda, and what there is for them here.

Functions for Python 3 run on the Python that runs the simulator; a table of the user's may name another
program for a runtime.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping

_PYTHON3 = re.compile(r"python3(\.\d+)?")
_NOT_HAD = {
    "python2": "Python 2 is not to be had; where the code runs on Python 3 as well, --runtime {}=python3",
    "nodejs": "only Python functions are run yet",
    "java": "only Python functions are run yet",
    "arn:aws:greengrass:::runtime/function/executable": "only Python functions are run yet",
}


def runtime_problem(runtime: str | None, programs: Mapping[str, str]) -> str | None:
    """Why functions of `runtime` cannot run here; None when they can."""
    if runtime is not None and runtime in programs:
        if shutil.which(programs[runtime]) is None:
            return f'exec: "{programs[runtime]}": executable file not found in $PATH, for runtime {runtime}'
        return None
    if runtime is None or _PYTHON3.fullmatch(runtime):
        return None
    reason = next((text for name, text in _NOT_HAD.items() if runtime.startswith(name)), "it is not known")
    return f"runtime {runtime}: {reason.format(runtime)}"


def interpreter(runtime: str | None, programs: Mapping[str, str]) -> str:
    """The program that runs functions of `runtime`, which has no problem."""
    found = shutil.which(programs[runtime]) if runtime is not None and runtime in programs else None
    return found or sys.executable


def runtime_note(runtime: str | None, programs: Mapping[str, str]) -> str | None:
    """A remark when a function does not get the Python that it asks for."""
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime is None or runtime in (own, "python3") or runtime in programs:
        return None
    return f"runtime {runtime} is not here, {own} runs it; --runtime {runtime}=PATH names another"
