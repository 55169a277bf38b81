"""What a group asks for and a local run does not do."""

from __future__ import annotations

from greengrass_sim.group.model import Group
from greengrass_sim.runtimes import is_executable, runtime_note


def unenforced(group: Group) -> list[str]:
    """A sentence about each."""
    sentences = [
        f"function {function.id}: ExecArgs is not used"
        for function in group.functions
        if function.config.exec_args is not None and not is_executable(function.lambda_runtime)
    ]
    sentences += [
        f"function {function.id}: {note}"
        for function in group.functions
        if (note := runtime_note(function.lambda_runtime, group.interpreters))
    ]
    for row in group.subscriptions:
        if {row.source, row.target} <= group.mqtt_side:
            sentences.append(
                f"subscription {row.id}: both ends are clients of the broker, nothing is forwarded"
            )
    sentences += [
        f"logger {logger.id}: nothing is sent to AWSCloudWatch"
        for logger in group.loggers
        if logger.type == "AWSCloudWatch"
    ]
    sentences += [
        f"{thing.id}: SyncShadow is not used, shadows stay in this core"
        for thing in (*group.cores, *group.devices)
        if thing.sync_shadow
    ]
    return sentences
