from __future__ import annotations

from typing import Any

import pytest

from greengrass_sim.group.function import Environment, Execution, Function, FunctionConfiguration, RunAs
from greengrass_sim.group.model import DefaultConfig, Group, Logger
from greengrass_sim.group.resource import DeviceData, Resource, ResourceDataContainer, VolumeData


def make_function(**config: Any) -> Function:
    return Function("f", "arn", FunctionConfiguration(**config))


@pytest.mark.parametrize(
    ("executable", "handler", "chosen"),
    [
        ("a.handler", None, "a.handler"),
        ("a.handler", "b.handler", "a.handler"),
        (None, "b.handler", "b.handler"),
        ("index.py", "index.handler", "index.handler"),
        (None, None, ""),
    ],
)
def test_the_executable_is_the_groups_or_the_handler_of_the_lambda(
    executable: str | None, handler: str | None, chosen: str
) -> None:
    config = FunctionConfiguration(executable=executable)
    assert Function("f", "arn", config, handler=handler).executable == chosen


def test_a_function_inherits_what_it_leaves_open() -> None:
    function = make_function(environment=Environment(execution=Execution(run_as=RunAs(uid=5))))
    default = DefaultConfig(Execution("NoContainer", RunAs(1, 2)))
    group = Group((function,), default_config=default)
    assert group.execution(function) == Execution("NoContainer", RunAs(5, 2))
    assert Group((function,)).execution(make_function()) == Execution(None, None)


@pytest.mark.parametrize(
    ("size", "mode", "default", "limit"),
    [
        (1000, None, None, 1000),
        (None, None, None, None),
        (None, None, 16384, 16384),
        (None, "GreengrassContainer", 16384, 16384),
        (None, "NoContainer", 16384, None),
    ],
)
def test_the_memory_limit(size: int | None, mode: Any, default: int | None, limit: int | None) -> None:
    environment = Environment(execution=Execution(mode))
    function = make_function(memory_size=size, environment=environment)
    assert Group((function,), default_memory_kb=default).memory_kb(function) == limit


def test_the_log_files_of_a_component() -> None:
    cloud, file = Logger("a", "Lambda", "INFO", "AWSCloudWatch"), Logger("b", "Lambda", "WARN", "FileSystem")
    group = Group((), loggers=(cloud, file))
    assert group.logger("Lambda") == file
    assert group.logger("GreengrassSystem") is None


def test_a_resource_knows_its_kind() -> None:
    volume = Resource("v", "v", ResourceDataContainer(local_volume_resource_data=VolumeData("/a", "/b")))
    device = Resource("d", "d", ResourceDataContainer(local_device_resource_data=DeviceData("/dev/null")))
    assert volume.kinds == (VolumeData("/a", "/b"),)
    assert (volume.destination_path, device.destination_path) == ("/b", None)
    assert (volume.model, volume.device, volume.secret) == (None, None, None)
    assert device.device == DeviceData("/dev/null")
