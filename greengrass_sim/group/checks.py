"""What a group file must hold beyond its shape: unique ids, references that lead somewhere, sound paths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from greengrass_sim.arn import parse_lambda, parse_thing
from greengrass_sim.errors import GroupError
from greengrass_sim.group.function import Function
from greengrass_sim.group.model import CLOUD, SHADOW_SERVICE, DefaultConfig, Group, Subscription
from greengrass_sim.group.resource import Resource
from greengrass_sim.topics import did_you_mean, filter_problem

MAX_POLICIES = 10
MAX_TIMEOUT_S = 24 * 3600
_ID = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
_EXECUTABLE = re.compile(r"(?:[\w-]+[./])+[A-Za-z_]\w*")


def check_group(group: Group) -> None:
    """Raises GroupError for the first thing that is wrong."""
    for check in (_identities, _things, _functions, _resources, _accesses, _subscriptions):
        check(group)


def unenforced(group: Group) -> list[str]:
    """Sentences about what the file asks for and a local run does not do."""
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


def _identities(group: Group) -> None:
    lists: dict[str, Iterable[object]] = {
        "Cores": group.cores,
        "Devices": group.devices,
        "Functions": group.functions,
        "Loggers": group.loggers,
        "Resources": group.resources,
        "Subscriptions": group.subscriptions,
    }
    for name, rows in lists.items():
        _unique(name, "Id", [str(getattr(row, "id", "")) for row in rows])
        for number, row in enumerate(rows):
            if not _ID.fullmatch(str(getattr(row, "id", ""))):
                raise GroupError(
                    f"$.{name}[{number}].Id", "must be 1 to 128 letters, digits, ':', '_' or '-'"
                )


def _things(group: Group) -> None:
    if len(group.cores) > 1:
        raise GroupError("$.Cores[1]", "a group has one core")
    for name, things in (("Cores", group.cores), ("Devices", group.devices)):
        _unique(name, "ThingArn", [thing.thing_arn for thing in things])
        for number, thing in enumerate(things):
            _valid(f"$.{name}[{number}].ThingArn", parse_thing, thing.thing_arn)


def _functions(group: Group) -> None:
    _unique("Functions", "FunctionArn", [function.function_arn for function in group.functions])
    for number, function in enumerate(group.functions):
        _function(f"$.Functions[{number}]", function)


def _function(path: str, function: Function) -> None:
    _valid(f"{path}.FunctionArn", parse_lambda, function.function_arn)
    config, inner = function.config, f"{path}.FunctionConfiguration"
    if not _EXECUTABLE.fullmatch(function.executable):
        problem = f"must look like 'module.handler', not {function.executable!r}"
        raise GroupError(f"{inner}.Executable", problem)
    if not config.pinned:
        raise GroupError(f"{inner}.Pinned", "must be true: only pinned (long-lived) functions are run")
    if not 1 <= config.timeout <= MAX_TIMEOUT_S:
        raise GroupError(f"{inner}.Timeout", f"must be 1 to {MAX_TIMEOUT_S} seconds, not {config.timeout}")
    for name, value in config.environment.variables.items():
        if not name or "=" in name or "\0" in name + value:
            raise GroupError(f"{inner}.Environment.Variables.{name}", "is no possible environment variable")
    if function.local_path is None:
        raise GroupError(path, "the field 'LocalPath' is missing, which names the folder with its code")
    if not Path(function.local_path).is_dir():
        raise GroupError(f"{path}.LocalPath", f"no folder at {function.local_path}")


def _resources(group: Group) -> None:
    for number, resource in enumerate(group.resources):
        _resource(f"$.Resources[{number}]", resource)


def _resource(path: str, resource: Resource) -> None:
    inner = f"{path}.ResourceDataContainer"
    if len(resource.kinds) != 1:
        raise GroupError(inner, "must hold exactly one kind of data")
    if resource.model is None:
        raise GroupError(inner, "only machine learning models are supplied yet: leave it out")
    if problem := _destination_problem(resource.model.destination_path):
        raise GroupError(f"{inner}.DestinationPath", problem)
    if resource.local_path is None:
        raise GroupError(path, "the field 'LocalPath' is missing, which names the model's folder or archive")
    local = Path(resource.local_path)
    if not local.exists():
        raise GroupError(f"{path}.LocalPath", f"no file and no folder at {local}")
    if local.is_file() and not local.name.endswith((".tar.gz", ".tgz")):
        raise GroupError(f"{path}.LocalPath", f"must be a folder or a .tar.gz archive, not {local.name}")


def _destination_problem(path: str) -> str | None:
    if not path.startswith("/") or path == "/" or "\0" in path:
        return f"must be an absolute path, such as '/models/classifier', not {path!r}"
    return "must not hold '..'" if ".." in PurePosixPath(path).parts else None


def _accesses(group: Group) -> None:
    resources = {resource.id: resource for resource in group.resources}
    for number, function in enumerate(group.functions):
        place = f"$.Functions[{number}].FunctionConfiguration.Environment.ResourceAccessPolicies"
        policies = function.config.environment.resource_access_policies
        if len(policies) > MAX_POLICIES:
            raise GroupError(place, f"holds {len(policies)} policies, at most {MAX_POLICIES} are allowed")
        taken: dict[PurePosixPath, str] = {}
        for index, policy in enumerate(policies):
            path = f"{place}[{index}].ResourceId"
            _reference(path, policy.resource_id, resources, "resource")
            _no_overlap(path, resources[policy.resource_id], taken)


def _no_overlap(path: str, resource: Resource, taken: dict[PurePosixPath, str]) -> None:
    """Two resources of one function cannot share a destination or lie inside one another."""
    wanted = PurePosixPath(resource.destination_path or "/")
    for other, name in taken.items():
        if wanted.is_relative_to(other) or other.is_relative_to(wanted):
            raise GroupError(
                path, f"its destination {wanted} and {other} of resource {name!r} lie inside one another"
            )
    taken[wanted] = resource.id


def _subscriptions(group: Group) -> None:
    ends = {
        CLOUD,
        SHADOW_SERVICE,
        *(f.function_arn for f in group.functions),
        *(d.thing_arn for d in group.devices),
    }
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(group.subscriptions):
        path = f"$.Subscriptions[{number}]"
        _subscription(path, row, ends)
        first = seen.setdefault((row.source, row.subject, row.target), number)
        if first != number:
            raise GroupError(path, f"says the same as $.Subscriptions[{first}]")


def _subscription(path: str, row: Subscription, ends: set[str]) -> None:
    for name, end in (("Source", row.source), ("Target", row.target)):
        _reference(f"{path}.{name}", end, ends, "function, device or 'cloud'")
    if problem := filter_problem(row.subject):
        raise GroupError(f"{path}.Subject", f"{row.subject!r} is no topic filter: {problem}")
    if row.source == row.target:
        raise GroupError(path, "its source and its target are the same")


def _reference(path: str, name: str, known: Iterable[str], what: str) -> None:
    if name not in set(known):
        raise GroupError(path, f"no {what} {name!r} in this group{did_you_mean(name, known)}")


def _unique(name: str, field: str, values: list[str]) -> None:
    for number, value in enumerate(values):
        if (first := values.index(value)) != number:
            raise GroupError(
                f"$.{name}[{number}].{field}", f"{value!r} is taken already by $.{name}[{first}]"
            )


def _valid(path: str, parse: Callable[[str], object], value: str) -> None:
    try:
        parse(value)
    except ValueError as error:
        raise GroupError(path, f"{error}; it is {value!r}") from error
