"""Ids and ARNs that must be sound and be given once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from greengrass_sim.arn import parse_lambda, parse_thing
from greengrass_sim.errors import Problem
from greengrass_sim.group.model import Group

_ID = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_ID_RULE = "must be 1 to 128 letters, digits, ':', '_' or '-'"


def identity_problems(group: Group) -> Iterator[Problem]:
    """Ids, the ARNs of things, functions and connectors."""
    lists: dict[str, Sequence[Any]] = {
        "Connectors": group.connectors,
        "Cores": group.cores,
        "Devices": group.devices,
        "Functions": group.functions,
        "Loggers": group.loggers,
        "Resources": group.resources,
        "Subscriptions": group.subscriptions,
    }
    for name, rows in lists.items():
        yield from _twice(name, "Id", [row.id for row in rows])
        for number, row in enumerate(rows):
            if not _ID.fullmatch(row.id):
                yield f"$.{name}[{number}].Id", _ID_RULE
    for number in range(1, len(group.cores)):
        yield f"$.Cores[{number}]", "a group has one core"
    yield from _arns("Cores", "ThingArn", [one.thing_arn for one in group.cores], parse_thing)
    yield from _arns("Devices", "ThingArn", [one.thing_arn for one in group.devices], parse_thing)
    yield from _arns("Functions", "FunctionArn", [one.function_arn for one in group.functions], parse_lambda)
    yield from _twice("Connectors", "ConnectorArn", [one.connector_arn for one in group.connectors])


def _arns(name: str, field: str, arns: list[str], parse: Callable[[str], object]) -> Iterator[Problem]:
    yield from _twice(name, field, arns)
    for number, arn in enumerate(arns):
        try:
            parse(arn)
        except ValueError as error:
            yield f"$.{name}[{number}].{field}", f"{error}; it is {arn!r}"


def _twice(name: str, field: str, values: list[str]) -> Iterator[Problem]:
    for number, value in enumerate(values):
        if (first := values.index(value)) != number:
            yield f"$.{name}[{number}].{field}", f"{value!r} is taken already by $.{name}[{first}]"
