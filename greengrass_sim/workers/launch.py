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
from greengrass_sim.runtimes import interpreter
from greengrass_sim.workers.environment import worker_environment

_SHIMS = Path(greengrass_sim.__file__).parent / "runtime" / "shims"
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
)


@dataclass(frozen=True)
class Launch:
    """What a worker's process needs to know; `code` is the function's folder, `timeout` is in seconds.

    `views` are to be seen at other paths, by means of the empty folder `scratch`. `interpreter` is a Python.
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
    memory_kb: int | None = None
    log_level: int = logging.INFO
    strict: bool = False
    views: tuple[View, ...] = ()
    scratch: str = ""
    interpreter: str = sys.executable

    def start_header(self) -> dict[str, Any]:
        """The header of the START frame."""
        return {**{name: getattr(self, name) for name in _TOLD}, "shims": str(_SHIMS)}


def make_launches(group: Group, work: Path) -> dict[str, Launch]:
    """The launch of each function by its ARN; their resources are laid out in the folder `work`.

    Raises GroupError for code or a model that cannot be unpacked.
    """
    tree = ResourceTree(group, work)
    launches = {}
    for function in group.functions:
        arn, config = parse_lambda(function.function_arn), function.config
        prefix = tree.prefix(function)
        launches[function.function_arn] = Launch(
            arn=function.function_arn,
            name=arn.name,
            version=arn.qualifier,
            executable=function.executable,
            encoding=config.encoding_type,
            code=str(tree.code(function)),
            timeout=config.timeout,
            filters=tuple(row.subject for row in group.subscriptions if row.source == function.function_arn),
            environment=worker_environment(group, function, prefix),
            views=tree.views(function),
            scratch=str(prefix / SCRATCH),
            interpreter=interpreter(function.lambda_runtime, group.interpreters),
            memory_kb=group.memory_kb(function),
        )
    return launches
