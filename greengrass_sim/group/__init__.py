"""A Greengrass group: one model of it, readers of the formats in which groups are written, and the checks."""

from __future__ import annotations

from greengrass_sim.group.function import (
    Environment,
    Execution,
    Function,
    FunctionConfiguration,
    ResourceAccessPolicy,
    RunAs,
)
from greengrass_sim.group.load import load_group
from greengrass_sim.group.model import (
    CLOUD,
    SHADOW_SERVICE,
    Connector,
    DefaultConfig,
    Group,
    Logger,
    Subscription,
    Thing,
)
from greengrass_sim.group.resource import Resource

__all__ = [
    "CLOUD",
    "SHADOW_SERVICE",
    "Connector",
    "DefaultConfig",
    "Environment",
    "Execution",
    "Function",
    "FunctionConfiguration",
    "Group",
    "Logger",
    "Resource",
    "ResourceAccessPolicy",
    "RunAs",
    "Subscription",
    "Thing",
    "load_group",
]
