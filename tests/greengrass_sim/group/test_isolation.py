from __future__ import annotations

from typing import Any

import pytest

from greengrass_sim.group import (
    Environment,
    Execution,
    Function,
    FunctionConfiguration,
    Group,
    Resource,
    ResourceAccessPolicy,
    RunAs,
)
from greengrass_sim.group.checks.isolation import isolation_problems
from greengrass_sim.group.checks.options import CheckOptions
from greengrass_sim.group.resource import (
    DeviceData,
    ModelData,
    ResourceDataContainer,
    SecretData,
    VolumeData,
)
from tests.greengrass_sim.groups import function_arn

ARN = function_arn("echo")
RESOURCES = (
    Resource("volume", "v", ResourceDataContainer(local_volume_resource_data=VolumeData("/a", "/a"))),
    Resource("device", "d", ResourceDataContainer(local_device_resource_data=DeviceData("/dev/null"))),
    Resource("model", "m", ResourceDataContainer(s3_machine_learning_model_resource_data=ModelData("/m"))),
    Resource(
        "inner", "i", ResourceDataContainer(sage_maker_machine_learning_model_resource_data=ModelData("/m/i"))
    ),
    Resource("secret", "s", ResourceDataContainer(secrets_manager_secret_resource_data=SecretData("arn"))),
)


def problems(
    mode: Any, memory: int | None = None, *used: str, run_as: RunAs | None = None, **more: Any
) -> list[tuple[str, str]]:
    policies = tuple(ResourceAccessPolicy(name) for name in used)
    environment = Environment(
        execution=Execution(mode, run_as),
        resource_access_policies=policies,
        access_sysfs=more.get("sysfs", False),
    )
    config = FunctionConfiguration(memory_size=memory, environment=environment)
    group = Group((Function("echo", ARN, config),), resources=RESOURCES)
    return list(isolation_problems(group, CheckOptions(more.get("allow_root", False))))


CONFIG = "$.Functions[0].FunctionConfiguration"


@pytest.mark.parametrize(
    ("mode", "memory"), [("GreengrassContainer", 1), ("NoContainer", None), (None, None), (None, 1)]
)
def test_what_is_allowed(mode: str | None, memory: int | None) -> None:
    assert problems(mode, memory, "model", "secret") == []


def test_a_memory_size_needs_a_container() -> None:
    text = f"MemorySize configuration for function with arn {ARN} is not allowed in IsolationMode=NoContainer"
    assert problems("NoContainer", 1) == [(f"{CONFIG}.MemorySize", text)]


def test_a_container_needs_a_memory_size() -> None:
    text = f"MemorySize configuration for function with arn {ARN} is required in IsolationMode"
    assert problems("GreengrassContainer") == [(f"{CONFIG}.MemorySize", f"{text}=GreengrassContainer")]


def test_sysfs_needs_a_container() -> None:
    ((place, text),) = problems("NoContainer", sysfs=True)
    assert place == f"{CONFIG}.Environment.AccessSysfs"
    assert text.startswith("Access Sysfs")
    assert text.endswith("is not allowed in IsolationMode=NoContainer")


@pytest.mark.parametrize(
    ("name", "kind"), [("volume", "LocalVolumeResource"), ("device", "LocalDeviceResource")]
)
def test_volumes_and_devices_need_a_container(name: str, kind: str) -> None:
    text = (
        f"Function {ARN} refers to resource of type {kind} that is not allowed in IsolationMode=NoContainer"
    )
    assert problems("NoContainer", None, name) == [
        (f"{CONFIG}.Environment.ResourceAccessPolicies[0].ResourceId", text)
    ]


@pytest.mark.parametrize("names", [("model", "inner"), ("inner", "model")])
def test_nested_destinations_need_a_container(names: tuple[str, str]) -> None:
    ((_, text),) = problems("NoContainer", None, *names)
    assert text == f"NoContainer Function {ARN} refers to resources of nested destination path"


@pytest.mark.parametrize("run_as", [RunAs(uid=0), RunAs(1000, 0)])
def test_root_must_be_allowed(run_as: RunAs) -> None:
    ((place, text),) = problems(None, run_as=run_as)
    assert place == f"{CONFIG}.Environment.Execution.RunAs"
    assert 'runtime.allowFunctionsToRunAsRoot "yes"' in text
    assert problems(None, run_as=run_as, allow_root=True) == []
    assert problems(None, run_as=RunAs(1, 1)) == []
