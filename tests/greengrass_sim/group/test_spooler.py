from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group.load import load_group
from greengrass_sim.group.model import SpoolerSettings
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import echo_group, write_group


def with_variables(variables: dict[str, str]) -> dict[str, Any]:
    """The echo group, with the spooler's settings as AWS shows them."""
    document = echo_group()
    config = {
        "Executable": "spooler",
        "MemorySize": 32768,
        "Pinned": True,
        "Timeout": 3,
        "Environment": {"Variables": variables},
    }
    arn = "arn:aws:lambda:::function:GGCloudSpooler:1"
    document["Functions"].append({"Id": "spooler", "FunctionArn": arn, "FunctionConfiguration": config})
    return document


@pytest.mark.parametrize(
    ("variables", "settings"),
    [
        (
            {"GG_CONFIG_STORAGE_TYPE": "FileSystem", "GG_CONFIG_MAX_SIZE_BYTES": "300000"},
            SpoolerSettings(True, 300_000),
        ),
        ({"GG_CONFIG_SUBSCRIPTION_QUALITY": "AtLeastOncePersistent"}, SpoolerSettings(False, None)),
    ],
)
def test_the_settings_of_a_core(tmp_path: Path, variables: dict[str, str], settings: SpoolerSettings) -> None:
    group = load_group(write_group(tmp_path, with_variables(variables)))
    assert group.spooler == settings
    assert [one.id for one in group.functions] == ["echo"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("GG_CONFIG_STORAGE_TYPE", "Disk", "must be Memory or FileSystem, not 'Disk'"),
        ("GG_CONFIG_MAX_SIZE_BYTES", "1000", "must be a number of bytes, at least 262144, not '1000'"),
        ("GG_CONFIG_SUBSCRIPTION_QUALITY", "2", "must be AtMostOnce or AtLeastOncePersistent, not '2'"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, name: str, value: str, why: str) -> None:
    with pytest.raises(GroupError, match=why) as caught:
        load_group(write_group(tmp_path, with_variables({name: value})))
    assert caught.value.path == f"$.Functions[1].FunctionConfiguration.Environment.Variables.{name}"


def test_without_settings(tmp_path: Path) -> None:
    assert load_group(write_group(tmp_path, echo_group())).spooler is None


def test_a_spool_on_disk_needs_a_folder_that_stays(tmp_path: Path) -> None:
    path = write_group(tmp_path, with_variables({"GG_CONFIG_STORAGE_TYPE": "FileSystem"}))
    result = run_command("start", str(path), "--port", "0")
    assert result.returncode == 2
    assert b"(GG_CONFIG_STORAGE_TYPE FileSystem) needs --work DIR" in result.stderr
