"""What the two isolation modes and the user of a function allow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import PurePosixPath

from greengrass_sim.errors import Problem
from greengrass_sim.group.checks.options import CheckOptions
from greengrass_sim.group.function import Function
from greengrass_sim.group.model import Group
from greengrass_sim.group.resource import Resource
from greengrass_sim.group.schema import json_name

_NONE = "NoContainer"
_CONTAINER = "GreengrassContainer"


def isolation_problems(group: Group, options: CheckOptions) -> Iterator[Problem]:
    """What a core refuses to deploy."""
    resources = {resource.id: resource for resource in group.resources}
    for number, function in enumerate(group.functions):
        path = f"$.Functions[{number}].FunctionConfiguration"
        execution = group.execution(function)
        if execution.isolation_mode == _NONE:
            yield from _not_contained(path, function, resources)
        elif execution.isolation_mode == _CONTAINER and group.memory_kb(function) is None:
            text = f"MemorySize configuration for function with arn {function.function_arn} is required in"
            yield f"{path}.MemorySize", f"{text} IsolationMode={_CONTAINER}"
        run_as = execution.run_as
        if run_as is not None and 0 in (run_as.uid, run_as.gid) and not options.allow_root:
            text = (
                f"function {function.function_arn} would run as root, which has to be allowed: --allow-root"
            )
            core = 'runtime.allowFunctionsToRunAsRoot "yes" of a core'
            yield f"{path}.Environment.Execution.RunAs", f"{text} ({core})"


def _not_contained(path: str, function: Function, resources: dict[str, Resource]) -> Iterator[Problem]:
    arn, environment = function.function_arn, function.config.environment
    if function.config.memory_size is not None:
        yield (
            f"{path}.MemorySize",
            f"MemorySize configuration for function with arn {arn} is not allowed in IsolationMode={_NONE}",
        )
    if environment.access_sysfs:
        yield (
            f"{path}.Environment.AccessSysfs",
            f"Access Sysfs configuration for function with arn {arn} is not allowed in IsolationMode={_NONE}",
        )
    destinations: list[PurePosixPath] = []
    for number, policy in enumerate(environment.resource_access_policies):
        place = f"{path}.Environment.ResourceAccessPolicies[{number}].ResourceId"
        resource = resources.get(policy.resource_id)
        if resource is None:
            continue
        if resource.device or resource.volume:
            text = f"Function {arn} refers to resource of type {_kind(resource)} that is not allowed in"
            yield place, f"{text} IsolationMode={_NONE}"
        if resource.model is not None:
            destination = PurePosixPath(resource.model.destination_path)
            if any(
                destination.is_relative_to(one) or one.is_relative_to(destination) for one in destinations
            ):
                yield place, f"{_NONE} Function {arn} refers to resources of nested destination path"
            destinations.append(destination)


def _kind(resource: Resource) -> str:
    container = resource.resource_data_container
    given = [one.name for one in fields(container) if getattr(container, one.name) is not None]
    return json_name(given[0]).removesuffix("Data")
