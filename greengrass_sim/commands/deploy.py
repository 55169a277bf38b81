"""`greengrass-sim deploy`: checks a group as `start` would, shows it, and gives it to a running core."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_runtime.errors import ExitCode
from greengrass_sim.arn import parse_lambda
from greengrass_sim.commands.group_options import group_of, local_of
from greengrass_sim.connectors.inference import with_connectors
from greengrass_sim.errors import DeploymentError, GroupError, UnreachableError
from greengrass_sim.group import Function, Group, Resource
from greengrass_sim.group.problems import Problems
from greengrass_sim.group.unenforced import unenforced
from greengrass_sim.resources.tree import ResourceTree
from greengrass_sim.runtimes import interpreter
from greengrass_sim.watch.client import asked
from greengrass_sim.workers.isolation import sentences

SCHEMA_VERSION = 1


def run(options: Namespace) -> int:
    """Prints functions, resources and subscriptions; GroupError with all problems at once."""
    group = group_of(options)
    try:
        group = with_connectors(group)
        _unpack(group)
    except GroupError as error:
        raise GroupError.of(error.problems, str(options.group)) from error
    if not options.check:
        _deploy(options)
    found = describe(group)
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else _text(found))
    return ExitCode.OK


def _deploy(options: Namespace) -> None:
    """Has the running core replace its group; says on stderr how that went."""
    request = {
        "group": str(Path(options.group).absolute()),
        "local": asdict(local_of(options).absolute(), dict_factory=_given),
        "allow_root": options.allow_root,
    }
    try:
        with asked(options.work, do="deploy", **request) as answers:
            answer = next(answers, None)
    except UnreachableError:
        if options.work is not None:
            raise
        print("no core is running: nothing is deployed, this is what would run", file=sys.stderr)
        return
    if answer is None:
        raise UnreachableError("the core ended before it had deployed the group")
    if "refused" in answer:
        raise DeploymentError(answer["refused"], ExitCode(answer["code"]))
    print(f"the core runs the group {answer['deployed']} now", file=sys.stderr)


def _given(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table without what is None."""
    return {name: value for name, value in pairs if value is not None}


def describe(group: Group) -> dict[str, Any]:
    """What would run, ready for JSON."""
    return {
        "schema_version": SCHEMA_VERSION,
        "group": group.name,
        "functions": [_function(group, one) for one in group.functions],
        "resources": [_resource(one) for one in group.resources],
        "subscriptions": [
            {"source": _short(row.source), "subject": row.subject, "target": _short(row.target)}
            for row in group.subscriptions
        ],
        "notes": [*unenforced(group), *sentences(group)],
    }


def _unpack(group: Group) -> None:
    """Archives are opened as they would be at the start, so that a broken one is told now."""
    problems = Problems()
    with tempfile.TemporaryDirectory(prefix="greengrass-sim-") as work:
        tree = ResourceTree(group, Path(work))
        for function in group.functions:
            problems.attempt(tree.code, function)
            problems.attempt(tree.prefix, function)
    problems.raise_any()


def _function(group: Group, function: Function) -> dict[str, Any]:
    arn, config, execution = parse_lambda(function.function_arn), function.config, group.execution(function)
    run_as = execution.run_as
    return {
        "name": arn.name,
        "version": arn.qualifier,
        "handler": function.executable,
        "code": "in the group" if function.inline_code is not None else function.local_path,
        "interpreter": interpreter(function.lambda_runtime, group.interpreters),
        "runtime": function.lambda_runtime,
        "pinned": config.pinned,
        "encoding": config.encoding_type,
        "timeout_s": config.timeout,
        "memory_kb": group.memory_kb(function),
        "isolation": execution.isolation_mode,
        "run_as": None if run_as is None else {"uid": run_as.uid, "gid": run_as.gid},
        "resources": [policy.resource_id for policy in config.environment.resource_access_policies],
    }


def _resource(resource: Resource) -> dict[str, Any]:
    volume, device, secret = resource.volume, resource.device, resource.secret
    source = volume.source_path if volume else device.source_path if device else resource.local_path
    kinds = {"volume": volume, "device": device, "secret": secret, "model": resource.model}
    return {
        "id": resource.id,
        "kind": next(name for name, data in kinds.items() if data is not None),
        "source": secret.arn if secret else source,
        "destination": resource.destination_path,
    }


def _short(end: str) -> str:
    """The name of a function or device instead of its ARN."""
    if ":function:" in end:
        return end.rpartition(":function:")[2]
    return end.rpartition(":thing/")[2] if ":thing/" in end else end


def _text(found: dict[str, Any]) -> str:
    blocks = [
        [f"group {found['group']}"],
        _table(
            ("FUNCTION", "HANDLER", "LIFE", "TIMEOUT", "MEMORY", "CODE"),
            [_function_row(one) for one in found["functions"]],
        ),
        _table(
            ("RESOURCE", "KIND", "SOURCE", "DESTINATION"),
            [
                (one["id"], one["kind"], one["source"], one["destination"] or "-")
                for one in found["resources"]
            ],
        ),
        _table(
            ("FROM", "SUBJECT", "TO"),
            [(one["source"], one["subject"], one["target"]) for one in found["subscriptions"]],
        ),
        [f"note: {note}" for note in found["notes"]],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _function_row(one: dict[str, Any]) -> tuple[str, ...]:
    memory = "-" if one["memory_kb"] is None else f"{one['memory_kb']} KB"
    life = "pinned" if one["pinned"] else "on demand"
    name = f"{one['name']}:{one['version']}"
    return name, one["handler"], life, f"{one['timeout_s']} s", memory, one["code"]


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)
    )
    return [line.rstrip() for line in lines]
