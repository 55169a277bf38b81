"""The spooler's settings: in a group they are environment variables of a function that only a core has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from greengrass_sim.errors import Problem
from greengrass_sim.group.function import Function
from greengrass_sim.group.model import Group, SpoolerSettings

ARN = "arn:aws:lambda:::function:GGCloudSpooler:1"
LEAST_BYTES = 262_144
_STORAGE, _BYTES, _QUALITY = (
    "GG_CONFIG_STORAGE_TYPE",
    "GG_CONFIG_MAX_SIZE_BYTES",
    "GG_CONFIG_SUBSCRIPTION_QUALITY",
)
_CHOICES = {_STORAGE: ("Memory", "FileSystem"), _QUALITY: ("AtMostOnce", "AtLeastOncePersistent")}


def is_spooler(function: Function) -> bool:
    """Whether this is no function with code, but the place of the spooler's settings."""
    return function.function_arn == ARN


def spooler_problems(group: Group) -> Iterator[Problem]:
    """What is wrong with the settings."""
    for number, function in enumerate(group.functions):
        if is_spooler(function):
            path = f"$.Functions[{number}].FunctionConfiguration.Environment.Variables"
            yield from _variable_problems(path, function.config.environment.variables)


def _variable_problems(path: str, variables: dict[str, str]) -> Iterator[Problem]:
    for name, known in _CHOICES.items():
        value = variables.get(name, known[0])
        if value not in known:
            yield f"{path}.{name}", f"must be {' or '.join(known)}, not {value!r}"
    size = variables.get(_BYTES, str(LEAST_BYTES))
    if not size.isdecimal() or int(size) < LEAST_BYTES:
        yield f"{path}.{_BYTES}", f"must be a number of bytes, at least {LEAST_BYTES}, not {size!r}"


def with_spooler(group: Group) -> Group:
    """The group with the settings in their own field, and without that function; its settings are sound."""
    found = next((one for one in group.functions if is_spooler(one)), None)
    if found is None:
        return group
    variables = found.config.environment.variables
    size = variables.get(_BYTES)
    settings = SpoolerSettings(variables.get(_STORAGE) == "FileSystem", int(size) if size else None)
    functions = tuple(one for one in group.functions if not is_spooler(one))
    return replace(group, functions=functions, spooler=settings)
