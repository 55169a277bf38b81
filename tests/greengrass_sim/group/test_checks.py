from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.errors import GroupError
from greengrass_sim.group import CLOUD, load_group
from greengrass_sim.group.unenforced import unenforced
from tests.greengrass_sim.groups import echo_group, function, function_arn, group, thing_arn, write_group

Spoil = Callable[[dict[str, Any]], Any]


def full_document(folder: Path) -> dict[str, Any]:
    """A sound group with one of everything that is run."""
    (folder / "model").mkdir(exist_ok=True)
    document = echo_group(MemorySize=1000)
    document["Name"] = "everything"
    document["Devices"] = [{"Id": "d", "ThingArn": thing_arn("lamp"), "SyncShadow": True}]
    document["Resources"] = [
        {
            "Id": "model",
            "Name": "the model",
            "LocalPath": "model",
            "ResourceDataContainer": {
                "S3MachineLearningModelResourceData": {
                    "DestinationPath": "/models/one",
                    "S3Uri": "s3://bucket/one.tar.gz",
                    "OwnerSetting": {"GroupOwner": "users", "GroupPermission": "ro"},
                }
            },
        }
    ]
    environment = {"Variables": {"A": "1"}, "ResourceAccessPolicies": [{"ResourceId": "model"}]}
    document["Functions"][0]["FunctionConfiguration"]["Environment"] = environment
    document["Subscriptions"].append(
        {"Id": "lamp", "Source": thing_arn("lamp"), "Subject": "lamp/+", "Target": function_arn("echo")}
    )
    return document


def test_a_sound_group_is_read(tmp_path: Path) -> None:
    loaded = load_group(write_group(tmp_path, full_document(tmp_path)))
    assert loaded.name == "everything"
    assert loaded.functions[0].config.executable == "echo.handler"
    assert loaded.functions[0].config.environment.variables == {"A": "1"}
    assert loaded.resources[0].local_path == str(tmp_path / "model")
    assert loaded.resources[0].model is not None
    assert loaded.resources[0].model.destination_path == "/models/one"
    assert loaded.mqtt_side == {CLOUD, thing_arn("lamp")}
    assert loaded.devices[0].sync_shadow


def test_what_is_not_enforced_is_named(tmp_path: Path) -> None:
    document = full_document(tmp_path)
    config(document)["ExecArgs"] = "-v"
    document["Subscriptions"].append(
        {"Id": "past", "Source": thing_arn("lamp"), "Subject": "a", "Target": "cloud"}
    )
    document["Loggers"] = [{"Id": "l", "Component": "Lambda", "Level": "INFO", "Type": "AWSCloudWatch"}]
    assert unenforced(load_group(write_group(tmp_path, document))) == [
        "function echo: ExecArgs is not used",
        "subscription past: both ends are clients of the broker, nothing is forwarded",
        "logger l: nothing is sent to AWSCloudWatch",
        "d: SyncShadow is not used, shadows stay in this core",
    ]


def config(document: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = document["Functions"][0]["FunctionConfiguration"]
    return table


def resource(document: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = document["Resources"][0]
    return table


def model(document: dict[str, Any]) -> dict[str, Any]:
    table: dict[str, Any] = resource(document)["ResourceDataContainer"]["S3MachineLearningModelResourceData"]
    return table


def second_resource(destination: str) -> Spoil:
    def spoil(document: dict[str, Any]) -> None:
        data = {"S3MachineLearningModelResourceData": {"DestinationPath": destination}}
        other = {"Id": "other", "Name": "o", "LocalPath": "model", "ResourceDataContainer": data}
        document["Resources"].append(other)
        config(document)["Environment"]["ResourceAccessPolicies"].append({"ResourceId": "other"})

    return spoil


SUBSCRIPTION = "$.Subscriptions[0]"
CONFIG = "$.Functions[0].FunctionConfiguration"
SPOILT: list[tuple[Spoil, str, str]] = [
    (lambda d: d.update(Function=[]), "$.Function", "did you mean 'Functions'?"),
    (lambda d: d.pop("Functions"), "$", "'Functions' is missing"),
    (lambda d: d["Cores"].append({"Id": "c2", "ThingArn": thing_arn("c2")}), "$.Cores[1]", "one core"),
    (lambda d: d["Cores"][0].update(ThingArn="x"), "$.Cores[0].ThingArn", "must look like"),
    (
        lambda d: d["Devices"].append({"Id": "d", "ThingArn": thing_arn("e")}),
        "$.Devices[1].Id",
        "taken already",
    ),
    (
        lambda d: d["Devices"].append({"Id": "e", "ThingArn": thing_arn("lamp")}),
        "$.Devices[1].ThingArn",
        "taken",
    ),
    (
        lambda d: d["Functions"].append(d["Functions"][0]),
        "$.Functions[1].Id",
        "taken already by $.Functions[0]",
    ),
    (
        lambda d: d["Functions"].append({**d["Functions"][0], "Id": "other"}),
        "$.Functions[1].FunctionArn",
        "taken already",
    ),
    (lambda d: d["Functions"][0].update(Id="a b"), "$.Functions[0].Id", "letters"),
    (
        lambda d: d["Functions"][0].update(FunctionArn="arn:aws:lambda:x"),
        "$.Functions[0].FunctionArn",
        "VERSION",
    ),
    (lambda d: d["Functions"][0].update(LocalPath="nowhere"), "$.Functions[0].LocalPath", "no folder and no"),
    (lambda d: d["Functions"][0].pop("LocalPath"), "$.Functions[0]", "--code echo=PATH"),
    (lambda d: config(d).update(Executable="handler"), f"{CONFIG}.Executable", "module.handler"),
    (lambda d: config(d).update(Timeout=0), f"{CONFIG}.Timeout", "must be 1 to"),
    (lambda d: config(d).update(EncodingType="jsn"), f"{CONFIG}.EncodingType", "did you mean 'json'?"),
    (
        lambda d: config(d).update(Environment={"Variables": {"A=B": ""}}),
        f"{CONFIG}.Environment.Variables.A=B",
        "no",
    ),
    (
        lambda d: config(d)["Environment"].update(ResourceAccessPolicies=[{"ResourceId": "modle"}]),
        f"{CONFIG}.Environment.ResourceAccessPolicies[0].ResourceId",
        "no resource 'modle' in this group; did you mean 'model'?",
    ),
    (
        lambda d: config(d)["Environment"].update(ResourceAccessPolicies=[{"ResourceId": "model"}] * 11),
        f"{CONFIG}.Environment.ResourceAccessPolicies",
        "at most 10",
    ),
    (
        second_resource("/models/one/inner"),
        f"{CONFIG}.Environment.ResourceAccessPolicies[1].ResourceId",
        "inside one another",
    ),
    (
        second_resource("/models"),
        f"{CONFIG}.Environment.ResourceAccessPolicies[1].ResourceId",
        "inside one another",
    ),
    (
        lambda d: resource(d).update(ResourceDataContainer={}),
        "$.Resources[0].ResourceDataContainer",
        "exactly one kind",
    ),
    (
        lambda d: resource(d).update(
            ResourceDataContainer={
                "LocalVolumeResourceData": {"SourcePath": "/sys/a", "DestinationPath": "/b"}
            }
        ),
        "$.Resources[0].ResourceDataContainer.SourcePath",
        "below /sys",
    ),
    (
        lambda d: model(d).update(DestinationPath="models"),
        "$.Resources[0].ResourceDataContainer.DestinationPath",
        "absolute",
    ),
    (
        lambda d: model(d).update(DestinationPath="/a/../b"),
        "$.Resources[0].ResourceDataContainer.DestinationPath",
        "'..'",
    ),
    (lambda d: resource(d).update(LocalPath="gone"), "$.Resources[0].LocalPath", "no file and no folder at"),
    (
        lambda d: resource(d).update(LocalPath="group.json"),
        "$.Resources[0].LocalPath",
        "a .tar.gz or a .zip archive",
    ),
    (
        lambda d: d["Subscriptions"][0].pop("Source"),
        SUBSCRIPTION,
        "'Source' is missing",
    ),
    (lambda d: d["Subscriptions"][0].pop("Target"), SUBSCRIPTION, "'Target' is missing"),
    (
        lambda d: d["Subscriptions"][0].update(Target=function_arn("ehco")),
        f"{SUBSCRIPTION}.Target",
        f"did you mean '{function_arn('echo')}'?",
    ),
    (
        lambda d: d["Subscriptions"][0].update(Source="clod"),
        f"{SUBSCRIPTION}.Source",
        "did you mean 'cloud'?",
    ),
    (
        lambda d: d["Subscriptions"][0].update(Source="GGShadow"),
        f"{SUBSCRIPTION}.Source",
        "did you mean 'GGShadowService'?",
    ),
    (lambda d: d["Subscriptions"][0].update(Target="cloud"), SUBSCRIPTION, "are the same"),
    (lambda d: d["Subscriptions"][0].update(Subject="a/#/b"), f"{SUBSCRIPTION}.Subject", "no topic filter"),
    (lambda d: d["Subscriptions"][1].update(Id="s0"), "$.Subscriptions[1].Id", "taken already"),
    (
        lambda d: d["Subscriptions"].append({**d["Subscriptions"][0], "Id": "again"}),
        "$.Subscriptions[3]",
        "says the same as $.Subscriptions[0]",
    ),
]


@pytest.mark.parametrize(("spoil", "path", "problem"), SPOILT, ids=[f"{p}-{t[:20]}" for _, p, t in SPOILT])
def test_a_spoilt_group_is_refused(tmp_path: Path, spoil: Spoil, path: str, problem: str) -> None:
    document = full_document(tmp_path)
    spoil(document)
    file = write_group(tmp_path, document)
    with pytest.raises(GroupError) as caught:
        load_group(file)
    assert path in [place for place, _ in caught.value.problems]
    assert any(place == path and problem in text for place, text in caught.value.problems)
    assert str(caught.value).startswith(f"{file}: ")
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b'{"Functions": [', "not JSON"), (b"\xff\xfe", "not UTF-8"), (b"[]", "'Functions' is missing")],
)
def test_a_file_that_is_no_group(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "group.json"
    file.write_bytes(content)
    with pytest.raises(GroupError, match=problem):
        load_group(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(GroupError, match=r"cannot read the group file: No such file"):
        load_group(tmp_path / "none.json")


def test_two_functions_may_talk(tmp_path: Path) -> None:
    document = group([function("echo"), function("relay")], [("echo", "a", "relay"), ("relay", "b", "cloud")])
    loaded = load_group(write_group(tmp_path, document))
    assert [row.target for row in loaded.subscriptions] == [function_arn("relay"), CLOUD]
