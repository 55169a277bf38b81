"""A group with what lies on this machine: code, models, secrets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from greengrass_sim.group.function import Function
from greengrass_sim.group.local import Local
from greengrass_sim.group.model import Group
from greengrass_sim.group.problems import Problems
from greengrass_sim.group.resource import Resource
from greengrass_sim.topics import did_you_mean

_FILE_URI = "file://"


def localise(group: Group, local: Local, folder: Path, problems: Problems) -> Group:
    """The group with absolute paths; those that it holds itself start at `folder`.

    What `local` says of functions or models that the group does not have is a problem.
    """
    functions = tuple(_function(one, local, folder) for one in group.functions)
    resources = tuple(_resource(one, local, folder) for one in group.resources)
    code_names = {name for one in group.functions for name in _function_names(one)}
    model_names = {name for one in group.resources if one.model for name in _resource_names(one)}
    for kind, given, known in (("code", local.code, code_names), ("model", local.models, model_names)):
        for name in given.keys() - known:
            problems.add("", f"{kind} is given for {name!r}, which is not here{did_you_mean(name, known)}")
    secrets = local.secrets or (group.secrets_file and str(folder / group.secrets_file))
    interpreters = {**group.interpreters, **local.runtimes}
    return replace(
        group, functions=functions, resources=resources, secrets_file=secrets, interpreters=interpreters
    )


def _function(function: Function, local: Local, folder: Path) -> Function:
    given = next((local.code[name] for name in _function_names(function) if name in local.code), None)
    if given is None:
        path = function.local_path
        return function if path is None else replace(function, local_path=str(folder / path))
    return replace(
        function,
        local_path=str(Path(given.path).absolute()),
        inline_code=None,
        handler=given.handler or function.handler,
        runtime=given.runtime or function.runtime,
    )


def _function_names(function: Function) -> tuple[str, ...]:
    """What a function is known by, the most exact first."""
    arn = function.function_arn
    unqualified = arn.rpartition(":")[0]
    name, _, version = arn.rpartition(":function:")[2].partition(":")
    return (arn, unqualified, f"{name}:{version}", function.id, name)


def _resource(resource: Resource, local: Local, folder: Path) -> Resource:
    if resource.model is None:
        return resource
    given = next((local.models[name] for name in _resource_names(resource) if name in local.models), None)
    if given is not None:
        return replace(resource, local_path=str(Path(given).absolute()))
    path = resource.local_path or _uri_path(resource.model.s3_uri or "")
    return resource if path is None else replace(resource, local_path=str(folder / path))


def _uri_path(uri: str) -> str | None:
    """The path that stands in place of an S3 URI."""
    if uri.startswith(_FILE_URI):
        return uri.removeprefix(_FILE_URI)
    return uri if uri and "://" not in uri else None


def _resource_names(resource: Resource) -> tuple[str, ...]:
    model = resource.model
    origin = (model.s3_uri, model.sage_maker_job_arn) if model else ()
    return tuple(name for name in (*origin, resource.id, resource.name) if name)
