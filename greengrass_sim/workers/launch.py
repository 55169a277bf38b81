"""From a group to what each of its functions needs to start."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import greengrass_sim
from greengrass_sim.arn import parse_lambda
from greengrass_sim.group import Group
from greengrass_sim.resources.tree import SCRATCH, ResourceTree, View
from greengrass_sim.runtimes import command, interpreter, runtime_environment
from greengrass_sim.workers.environment import worker_environment
from greengrass_sim.workers.guest import Door
from greengrass_sim.workers.isolation import run_as
from greengrass_sim.workers.memory import SPARE_KB

_LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "FATAL": logging.CRITICAL,
}
_TOLD = (
    "arn",
    "name",
    "version",
    "executable",
    "encoding",
    "code",
    "timeout",
    "filters",
    "memory_kb",
    "log_level",
    "strict",
    "views",
    "scratch",
    "shims",
    "data_limit_kb",
)


@dataclass(frozen=True)
class Launch:
    """What a worker's process needs to know; `code` is the function's folder, `timeout` is in seconds.

    `views` are to be seen at other paths, by means of the empty folder `scratch`. `interpreter` is a Python;
    `command`, where there is one, runs a program that fetches its events at the `door` instead.
    """

    arn: str
    name: str
    version: str
    executable: str
    encoding: str
    code: str
    timeout: int
    filters: tuple[str, ...]
    environment: dict[str, str]
    interpreter: str = sys.executable
    command: tuple[str, ...] = ()
    door: Door | None = None
    user: int | None = None
    group: int | None = None
    memory_kb: int | None = None
    log_level: int = logging.INFO
    strict: bool = False
    views: tuple[View, ...] = ()
    scratch: str = ""
    shims: str = str(Path(greengrass_sim.__file__).parent / "runtime" / "shims")

    @property
    def data_limit_kb(self) -> int | None:
        """Where the kernel stops a process that takes memory faster than the watch looks."""
        return self.memory_kb + SPARE_KB if self.memory_kb else None

    def start_header(self) -> dict[str, Any]:
        """The header of the START frame."""
        return {name: getattr(self, name) for name in _TOLD}


def make_launches(
    group: Group, work: Path, strict: bool = False, door: Door | None = None
) -> dict[str, Launch]:
    """The launch of each function by its ARN; their resources are laid out in the folder `work`.

    `strict` leaves out what a core does not have; by `door` processes speak with the core over HTTP. Raises
    GroupError for code or a model that cannot be unpacked.
    """
    tree = ResourceTree(group, work)
    launches = {}
    for function in group.functions:
        arn, config = parse_lambda(function.function_arn), function.config
        prefix = tree.prefix(function)
        user, group_id = run_as(group, function)
        code = tree.code(function)
        runtime = function.lambda_runtime
        launches[function.function_arn] = Launch(
            arn=function.function_arn,
            name=arn.name,
            version=arn.qualifier,
            executable=function.executable,
            encoding=config.encoding_type,
            code=str(code),
            timeout=config.timeout,
            filters=tuple(row.subject for row in group.subscriptions if row.source == function.function_arn),
            environment={
                **runtime_environment(runtime),
                **worker_environment(group, function, prefix),
            },
            views=tree.views(function),
            scratch=str(prefix / SCRATCH),
            interpreter=interpreter(runtime, group.interpreters),
            command=command(function, code, group.interpreters),
            door=door,
            user=user,
            group=group_id,
            memory_kb=group.memory_kb(function),
            strict=strict,
            log_level=_log_level(group),
        )
    return launches


def _log_level(group: Group) -> int:
    """What the root logger of a handler passes on: as the group's log file has it, INFO without one."""
    logger = group.logger("Lambda")
    return _LEVELS[logger.level] if logger else logging.INFO
