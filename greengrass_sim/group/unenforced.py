"""What a group asks for and a local run does not do."""

from __future__ import annotations

from greengrass_sim.group.model import DefaultConfig, Group


def unenforced(group: Group) -> list[str]:
    """A sentence about each."""
    sentences = []
    for function in group.functions:
        environment, config = function.config.environment, function.config
        asked = {
            "MemorySize": config.memory_size is not None,
            "ExecArgs": config.exec_args is not None,
            "AccessSysfs": environment.access_sysfs,
            "RunAs": environment.execution.run_as is not None,
            "IsolationMode GreengrassContainer": environment.execution.isolation_mode
            == "GreengrassContainer",
        }
        if names := [name for name, given in asked.items() if given]:
            sentences.append(
                f"function {function.id}: {', '.join(names)} not enforced, it runs as an ordinary process"
            )
    for row in group.subscriptions:
        if {row.source, row.target} <= group.mqtt_side:
            sentences.append(
                f"subscription {row.id}: both ends are clients of the broker, nothing is forwarded"
            )
    if group.default_config != DefaultConfig():
        sentences.append("DefaultConfig: not enforced, all functions run as ordinary processes")
    if group.loggers:
        sentences.append("Loggers: all logs go to standard error")
    return sentences
