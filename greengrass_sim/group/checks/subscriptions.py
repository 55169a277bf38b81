"""Subscriptions lead from something to something else, along a sound topic filter."""

from __future__ import annotations

from collections.abc import Iterator

from greengrass_sim.errors import Problem
from greengrass_sim.group.model import CLOUD, SHADOW_SERVICE, Group
from greengrass_sim.topics import did_you_mean, filter_problem


def subscription_problems(group: Group) -> Iterator[Problem]:
    """What is wrong with each subscription."""
    ends = {
        CLOUD,
        SHADOW_SERVICE,
        *(function.function_arn for function in group.functions),
        *(device.thing_arn for device in group.devices),
        *(connector.connector_arn for connector in group.connectors),
    }
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(group.subscriptions):
        path = f"$.Subscriptions[{number}]"
        for name, end in (("Source", row.source), ("Target", row.target)):
            if end not in ends:
                hint = did_you_mean(end, ends)
                yield (
                    f"{path}.{name}",
                    f"no function, device, connector or 'cloud' {end!r} in this group{hint}",
                )
        if problem := filter_problem(row.subject):
            yield f"{path}.Subject", f"{row.subject!r} is no topic filter: {problem}"
        if row.source == row.target:
            yield path, "its source and its target are the same"
        first = seen.setdefault((row.source, row.subject, row.target), number)
        if first != number:
            yield path, f"says the same as $.Subscriptions[{first}]"
