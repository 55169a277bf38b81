"""What functions may use: resources that exist, not too many, and not inside one another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from greengrass_sim.errors import Problem
from greengrass_sim.group.function import Function
from greengrass_sim.group.model import Group
from greengrass_sim.group.resource import Resource
from greengrass_sim.topics import did_you_mean

MAX_POLICIES = 10


def access_problems(group: Group) -> Iterator[Problem]:
    """What is wrong with the resource access policies of each function."""
    resources = {resource.id: resource for resource in group.resources}
    for number, function in enumerate(group.functions):
        place = f"$.Functions[{number}].FunctionConfiguration.Environment.ResourceAccessPolicies"
        yield from _policies(place, group, function, resources)


def _policies(
    place: str, group: Group, function: Function, resources: dict[str, Resource]
) -> Iterator[Problem]:
    policies = function.config.environment.resource_access_policies
    if len(policies) > MAX_POLICIES:
        yield place, f"holds {len(policies)} policies, at most {MAX_POLICIES} are allowed"
        return
    # Without container, nesting is refused with the text of a core.
    nested_is_ours = group.execution(function).isolation_mode != "NoContainer"
    taken: dict[PurePosixPath, str] = {}
    for index, policy in enumerate(policies):
        path = f"{place}[{index}].ResourceId"
        resource = resources.get(policy.resource_id)
        if resource is None:
            hint = did_you_mean(policy.resource_id, resources)
            yield path, f"no resource {policy.resource_id!r} in this group{hint}"
        elif resource.destination_path is not None:
            wanted = PurePosixPath(resource.destination_path)
            if nested_is_ours and (other := _overlap(wanted, taken)):
                name = taken[other]
                yield (
                    path,
                    f"its destination {wanted} and {other} of resource {name!r} lie inside one another",
                )
            taken[wanted] = resource.id


def _overlap(wanted: PurePosixPath, taken: dict[PurePosixPath, str]) -> PurePosixPath | None:
    return next((one for one in taken if wanted.is_relative_to(one) or one.is_relative_to(wanted)), None)
