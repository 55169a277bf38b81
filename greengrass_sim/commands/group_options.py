"""The options of all commands that read a group; it imports nothing heavy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greengrass_sim.group.local import Local
    from greengrass_sim.group.model import Group

_PAIRS = (
    ("--code", "NAME=PATH", "a function's code: a folder or zip archive, by the function's name, Id or ARN"),
    ("--model", "NAME=PATH", "a model: a folder or archive, by its S3Uri, SageMakerJobArn, Id or Name"),
    (
        "--parameter",
        "NAME=VALUE",
        "the value of a CloudFormation parameter, also of AWS::Region and the like",
    ),
    ("--runtime", "NAME=PROGRAM", "the Python or Node.js for functions of this runtime, such as python3.8"),
)


def add_group_arguments(command: ArgumentParser) -> None:
    """What AWS would supply and a local run must be told."""
    given = command.add_argument_group("what AWS would supply")
    for option, metavar, text in _PAIRS:
        given.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    given.add_argument("--secrets", metavar="FILE", help="values of secrets (TOML or JSON, permission 0600)")
    given.add_argument(
        "--local", metavar="FILE", help="all of this in TOML; default: NAME.local.toml beside it"
    )
    given.add_argument("--allow-root", action="store_true", help="let functions ask to run as root")


def group_of(options: Namespace) -> Group:
    """The group that `options.group` names, with what the other options supply; GroupError, UsageError."""
    from greengrass_sim.group.checks.options import CheckOptions
    from greengrass_sim.group.load import load_group

    return load_group(options.group, local_of(options), CheckOptions(allow_root=options.allow_root))


def local_of(options: Namespace) -> Local:
    """What the options supply, those of a file of settings too; GroupError, UsageError."""
    from pathlib import Path

    from greengrass_sim.group.local import Code, Local, pairs, read_local

    local = Local(
        code={name: Code(path) for name, path in pairs("--code", options.code).items()},
        models=pairs("--model", options.model),
        parameters=pairs("--parameter", options.parameter),
        runtimes=pairs("--runtime", options.runtime),
        secrets=options.secrets and str(Path(options.secrets).absolute()),
    )
    return local if options.local is None else local.over(read_local(Path(options.local)))
