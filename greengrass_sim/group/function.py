"""A Lambda function of a group, with every field of the API's `FunctionConfiguration`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Permission = Literal["ro", "rw"]
IsolationMode = Literal["GreengrassContainer", "NoContainer"]


@dataclass(frozen=True)
class RunAs:
    """The numbers of the user and group that a worker runs as; None leaves one to the default."""

    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class Execution:
    isolation_mode: IsolationMode | None = None
    run_as: RunAs | None = None


@dataclass(frozen=True)
class ResourceAccessPolicy:
    resource_id: str
    permission: Permission = "ro"


@dataclass(frozen=True)
class Environment:
    access_sysfs: bool = False
    execution: Execution = Execution()
    resource_access_policies: tuple[ResourceAccessPolicy, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FunctionConfiguration:
    """How a function runs; `timeout` is in seconds for each invocation, `memory_size` in KB."""

    encoding_type: Literal["json", "binary"] = "json"
    environment: Environment = field(default_factory=Environment)
    exec_args: str | None = None
    executable: str | None = None
    function_runtime_override: str | None = None
    memory_size: int | None = None
    pinned: bool = False
    timeout: int = 3


@dataclass(frozen=True)
class Function:
    """A function; its last fields are what AWS Lambda would supply: the code, and how to run it.

    The code is a folder or a zip archive at `local_path`, or the text `inline_code`. `handler`
    (`module.function`) counts where the group names no `Executable`, and `runtime` (such as `python3.8`)
    where it has no `FunctionRuntimeOverride`.
    """

    id: str
    function_arn: str
    function_configuration: FunctionConfiguration = field(default_factory=FunctionConfiguration)
    local_path: str | None = None
    inline_code: str | None = None
    handler: str | None = None
    runtime: str | None = None

    @property
    def config(self) -> FunctionConfiguration:
        return self.function_configuration

    @property
    def lambda_runtime(self) -> str | None:
        """The name of the runtime that the function asks for, such as `python3.8`."""
        return self.config.function_runtime_override or self.runtime

    @property
    def executable(self) -> str:
        """What the worker imports and calls, `module.function`; empty until the checks have seen one."""
        own = self.config.executable
        if own is None or (self.handler is not None and own.endswith(".py")):
            return self.handler or own or ""
        return own
