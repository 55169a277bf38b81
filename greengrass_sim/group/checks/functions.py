"""Each function by itself: what it executes, where its code is, and its limits."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from greengrass_sim.errors import Problem
from greengrass_sim.group.function import Function
from greengrass_sim.group.model import Group
from greengrass_sim.group.spooler import is_spooler
from greengrass_sim.runtimes import is_executable, runtime_problem

MAX_TIMEOUT_S = 24 * 3600
_EXECUTABLE = re.compile(r"(?:[\w-]+[./])+[A-Za-z_]\w*")


def function_problems(group: Group) -> Iterator[Problem]:
    """What is wrong with each function's configuration and code."""
    for number, function in enumerate(group.functions):
        if is_spooler(function):
            continue
        path = f"$.Functions[{number}]"
        yield from _configuration(f"{path}.FunctionConfiguration", function)
        yield from _code(path, function)
        if problem := runtime_problem(function.lambda_runtime, group.interpreters):
            yield f"{path}.FunctionConfiguration.FunctionRuntimeOverride", problem


def _configuration(path: str, function: Function) -> Iterator[Problem]:
    config = function.config
    if is_executable(function.lambda_runtime):
        yield from _program(path, function)
    elif not function.executable:
        yield f"{path}.Executable", "is not given: name the handler as 'module.function'"
    elif not _EXECUTABLE.fullmatch(function.executable) or function.executable.endswith(".py"):
        yield f"{path}.Executable", f"must look like 'module.handler', not {function.executable!r}"
    if not 1 <= config.timeout <= MAX_TIMEOUT_S:
        yield f"{path}.Timeout", f"must be 1 to {MAX_TIMEOUT_S} seconds, not {config.timeout}"
    for name, value in config.environment.variables.items():
        if not name or "=" in name or "\0" in name + value:
            yield f"{path}.Environment.Variables.{name}", "is no possible environment variable"


def _program(path: str, function: Function) -> Iterator[Problem]:
    name, local = function.executable, Path(function.local_path or "")
    if function.config.encoding_type != "binary":
        yield f"{path}.EncodingType", "must be binary for executables, as on a core"
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        yield f"{path}.Executable", f"must name the program in the function's folder, not {name!r}"
    elif local.is_dir() and not os.access(local / name, os.X_OK):
        there = (local / name).is_file()
        yield f"{path}.Executable", f"{local / name} {'may not be executed' if there else 'is not there'}"


def _code(path: str, function: Function) -> Iterator[Problem]:
    if function.inline_code is not None:
        return
    if function.local_path is None:
        name = function.function_arn.rpartition(":function:")[2].partition(":")[0]
        yield path, f"its code is nowhere to be found: name a folder or a zip archive with --code {name}=PATH"
        return
    local = Path(function.local_path)
    if not local.exists():
        yield f"{path}.LocalPath", f"no folder and no zip archive at {local}"
    elif local.is_file() and not zipfile.is_zipfile(local):
        yield f"{path}.LocalPath", f"must be a folder or a zip archive, not {local}"
