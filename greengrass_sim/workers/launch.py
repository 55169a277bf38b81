"""From a group to what each of its functions needs to start."""

from __future__ import annotations

from pathlib import Path

from greengrass_sim.arn import parse_lambda
from greengrass_sim.group import Group
from greengrass_sim.resources import ResourceTree
from greengrass_sim.workers.environment import worker_environment
from greengrass_sim.workers.process import Launch


def make_launches(group: Group, work: Path) -> dict[str, Launch]:
    """The launch of each function by its ARN; their resources are laid out in the folder `work`.

    Raises GroupError for a model that cannot be unpacked.
    """
    tree = ResourceTree(group, work)
    launches = {}
    for function in group.functions:
        arn, config = parse_lambda(function.function_arn), function.config
        launches[function.function_arn] = Launch(
            arn=function.function_arn,
            name=arn.name,
            version=arn.qualifier,
            executable=function.executable,
            encoding=config.encoding_type,
            code=function.local_path or "",
            timeout=config.timeout,
            filters=tuple(row.subject for row in group.subscriptions if row.source == function.function_arn),
            environment=worker_environment(group, function, tree.prefix(function)),
        )
    return launches
