"""What AWS would supply and a local run must be told: where code and models lie, values of parameters.

It comes from options and from a TOML file beside the group's, `NAME.local.toml` for `NAME.yaml`:

    secrets = "secrets.toml"

    [code]                                # by a function's name, Id or ARN: a folder or a zip archive
    hello = "functions/hello"
    other = { path = "other.zip", handler = "other.handler", runtime = "python3.8" }

    [models]                              # by S3Uri, SageMakerJobArn, or a resource's Id or Name
    "s3://bucket/model.tar.gz" = "build/model.tar.gz"

    [parameters]                          # of a CloudFormation template
    CoreName = "demo-core"

    [runtimes]
    "python3.8" = "/opt/python3.8/bin/python3.8"
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from greengrass_sim.errors import GroupError, UsageError
from greengrass_sim.group.schema import OWN, decode


@dataclass(frozen=True)
class Code:
    """A function's code, and how to run it where the group does not say."""

    path: str
    handler: str | None = None
    runtime: str | None = None


@dataclass(frozen=True)
class Local:
    """The settings; all paths are absolute, or relative to the current folder."""

    code: dict[str, Code] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    runtimes: dict[str, str] = field(default_factory=dict)
    secrets: str | None = None

    def over(self, other: Local) -> Local:
        """These settings, and those of `other` for what they leave open."""
        return Local(
            {**other.code, **self.code},
            {**other.models, **self.models},
            {**other.parameters, **self.parameters},
            {**other.runtimes, **self.runtimes},
            self.secrets or other.secrets,
        )

    def absolute(self) -> Local:
        """The same, for whoever has another current folder."""
        return replace(
            self,
            code={name: replace(one, path=str(Path(one.path).absolute())) for name, one in self.code.items()},
            models={name: str(Path(path).absolute()) for name, path in self.models.items()},
            runtimes={name: _program(path) for name, path in self.runtimes.items()},
            secrets=self.secrets and str(Path(self.secrets).absolute()),
        )


def _program(name: str) -> str:
    """A name without a folder is looked up in PATH."""
    return str(Path(name).absolute()) if "/" in name else name


def read_local(file: Path) -> Local:
    """The settings of a file; relative paths start at its folder. Raises GroupError."""
    try:
        table: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise GroupError("$", f"cannot read the file: {error.strerror or error}", str(file)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GroupError("$", f"not TOML: {error}", str(file)) from error
    code = table.get("code")
    if isinstance(code, dict):
        table["code"] = {name: {"path": one} if isinstance(one, str) else one for name, one in code.items()}
    try:
        local = decode(Local, table, "$", OWN)
    except GroupError as error:
        raise GroupError.of(error.problems, str(file)) from error
    folder = file.parent.absolute()
    return replace(
        local,
        code={name: replace(one, path=str(folder / one.path)) for name, one in local.code.items()},
        models={name: str(folder / path) for name, path in local.models.items()},
        secrets=None if local.secrets is None else str(folder / local.secrets),
    )


def pairs(option: str, given: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE` arguments of an option as a table.

    Raises UsageError for one without `=`.
    """
    table = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"{option} {text!r} must look like NAME=VALUE")
        table[name] = value
    return table
