"""The environment variables of a worker, as on a Greengrass core."""

from __future__ import annotations

import os
from pathlib import Path

from greengrass_sim.arn import parse_lambda, parse_thing
from greengrass_sim.group import Function, Group
from greengrass_sim.runtime.link import ROUTER_ARN

# What a process needs to run at all. The rest of our own environment is kept from handlers: on a device they
# would not find it either.
_INHERITED = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ")
_INTERFACE_VERSION = "1.5"
_CORE_VERSION = "1.11.6"  # the last of a core whose interface is this one


def worker_environment(group: Group, function: Function, resource_prefix: Path) -> dict[str, str]:
    """All variables of the function's processes but those of a single one; those of the group file win."""
    arn = parse_lambda(function.function_arn)
    own = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    core = {
        "AWS_DEFAULT_REGION": arn.region,
        "AWS_GG_RESOURCE_PREFIX": str(resource_prefix),
        "AWS_REGION": arn.region,
        "ENCODING_TYPE": function.config.encoding_type,
        "GGC_MAX_INTERFACE_VERSION": _INTERFACE_VERSION,
        "GGC_VERSION": _CORE_VERSION,
        "GROUP_ID": group.id,
        "MY_FUNCTION_ARN": function.function_arn,
        "ROUTER_FUNCTION_ARN": ROUTER_ARN,
        "SECRETS_MANAGER_FUNCTION_ARN": "arn:aws:lambda:::function:GGSecretManager:1",
        "SHADOW_FUNCTION_ARN": "arn:aws:lambda:::function:GGShadowService",
    }
    for thing in group.cores:
        core["AWS_IOT_THING_ARN"] = thing.thing_arn
        core["AWS_IOT_THING_NAME"] = parse_thing(thing.thing_arn).name
    return {**own, **core, **function.config.environment.variables}
