from __future__ import annotations

from pathlib import Path

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import load_group
from greengrass_sim.group.resource import VolumeData

TEXT = """
# A group
Group:
  name: demo
Cores:
  - name: demo_core
    key_path: ./certs
    SyncShadow: False
Lambdas:
  - name: echo
    runtime: Python3.7
    handler: echo.handler
    package: functions/echo
    alias: dev
    environment: {ignored: 'yes'}
    greengrassConfig:
      MemorySize: 128000 # KB
      Timeout: 10
      Pinned: True
      Environment:
        AccessSysfs: False
        ResourceAccessPolicies:
          - {ResourceId: data, Permission: rw}
        Variables: {port: 80}
Resources:
  - Name: the data
    Id: data
    LocalVolumeResourceData: {SourcePath: /usr, DestinationPath: /data}
Devices:
  - name: lamp
Subscriptions:
  - Source: Device::lamp
    Subject: hello
    Target: Lambda::echo
  - Source: Lambda::echo
    Subject: hello/world
    Target: cloud
"""


def write(folder: Path, text: str) -> Path:
    (folder / "functions" / "echo").mkdir(parents=True)
    path = folder / "greengo.yaml"
    path.write_text(text)
    return path


def test_a_group_is_read(tmp_path: Path) -> None:
    write(tmp_path, TEXT)
    group = load_group(tmp_path)
    function = group.functions[0]
    assert group.name == "demo"
    assert function.function_arn.endswith(":function:echo:dev")
    assert (function.executable, function.lambda_runtime) == ("echo.handler", "python3.7")
    assert function.local_path == str(tmp_path / "functions" / "echo")
    assert (function.config.memory_size, function.config.timeout) == (128000, 10)
    assert function.config.environment.variables == {"port": "80"}
    assert group.resources[0].kinds == (VolumeData("/usr", "/data"),)
    assert group.cores[0].thing_arn.endswith(":thing/demo_core")
    assert [(row.source, row.target) for row in group.subscriptions] == [
        (group.devices[0].thing_arn, function.function_arn),
        (function.function_arn, "cloud"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Timeout: 10", "Timeout: x", r"\$\.Lambdas\[0\]\.greengrassConfig\.Timeout: must be a whole number"),
        ("functions/echo", "functions/none", r"\$\.Lambdas\[0\]\.package: no folder"),
        ("- name: echo\n    runtime", "- runtime", r"\$\.Lambdas\[0\]: the field 'name' is missing"),
        ("Lambda::echo\n    Subject", "Lambda::ehco\n    Subject", "no function, device, connector"),
        ("Group:\n", "Group: [\n", "not YAML: .* at line"),
        ("Devices:\n  - name: lamp", "Devices: 3", r"\$\.Devices: must be a list of objects"),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(GroupError, match=problem):
        load_group(write(tmp_path, TEXT.replace(old, new)))
