"""What of a group's isolation is enforced here, and what is not: no more is claimed than holds."""

from __future__ import annotations

import os
import sys

from greengrass_sim.group import Function, Group
from greengrass_sim.workers.memory import WATCHED


def run_as(group: Group, function: Function) -> tuple[int | None, int | None]:
    """The user and the group to start the function's process as; None leaves ours. Only root can choose."""
    wanted = group.execution(function).run_as
    if wanted is None or os.geteuid() != 0:
        return None, None
    return wanted.uid, wanted.gid


def sentences(group: Group) -> list[str]:
    """For the log at the start: a sentence for every function, and one for all."""
    return [*(_sentence(group, one) for one in group.functions), _for_all()]


def _sentence(group: Group, function: Function) -> str:
    execution, limit = group.execution(function), group.memory_kb(function)
    missing: list[str] = []
    enforced = ["a process of its own", f"{function.config.timeout} s for an event"]
    if limit is not None:
        (enforced if WATCHED else missing).append(f"{limit} KB of memory")
    if execution.run_as is not None:
        user = f"user {execution.run_as.uid}, group {execution.run_as.gid}"
        (enforced if os.geteuid() == 0 else missing).append(user)
    if execution.isolation_mode == "GreengrassContainer":
        missing.append("the container")
    if function.config.environment.access_sysfs:
        missing.append("AccessSysfs")
    text = f"function {function.id}: enforced are {', '.join(enforced)}"
    return f"{text}; not enforced: {', '.join(missing)}" if missing else text


def _for_all() -> str:
    text = "all functions see the machine's files, network and processes as their user does"
    return text if sys.platform == "linux" else f"{text}; a worker outlives a core that is killed"
