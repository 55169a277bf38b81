"""Answers in the shapes that `aws greengrass get-...` prints; ids and ARNs are invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import load_group
from greengrass_sim.group.formats.api import read_api
from greengrass_sim.group.local import Code, Local
from tests.greengrass_sim.groups import HANDLERS, function_arn, thing_arn

ROOT = "arn:aws:greengrass:eu-central-1:123456789012:/greengrass"
LOCAL = Local(code={"echo": Code(str(HANDLERS))})


def definition(kind: str, content: dict[str, Any], version: str = "v1") -> dict[str, Any]:
    return {
        "Arn": f"{ROOT}/definition/{kind}/d1/versions/{version}",
        "CreationTimestamp": "2020-05-05T12:00:00.000Z",
        "Definition": content,
        "Id": "d1",
        "Version": version,
    }


def functions(executable: str | None = "echo.handler") -> dict[str, Any]:
    config = {"EncodingType": "json", "Pinned": True, "Timeout": 3, "MemorySize": 4096}
    extra = {} if executable is None else {"Executable": executable}
    row = {"Id": "f", "FunctionArn": function_arn("echo"), "FunctionConfiguration": {**config, **extra}}
    return {"Functions": [row]}


GROUP_VERSION = {
    "Arn": f"{ROOT}/groups/g-7/versions/v9",
    "Id": "g-7",
    "Version": "v9",
    "Definition": {
        "CoreDefinitionVersionArn": f"{ROOT}/definition/cores/d1/versions/v1",
        "FunctionDefinitionVersionArn": f"{ROOT}/definition/functions/d1/versions/v1",
        "SubscriptionDefinitionVersionArn": f"{ROOT}/definition/subscriptions/d1/versions/v1",
    },
}
GROUP = {"Arn": f"{ROOT}/groups/g-7", "Id": "g-7", "Name": "the group", "LatestVersion": "v9"}
CORES = definition("cores", {"Cores": [{"Id": "c", "ThingArn": thing_arn("core"), "CertificateArn": "x"}]})
SUBSCRIPTION = {"Id": "s", "Source": "cloud", "Subject": "a", "Target": function_arn("echo")}
SUBSCRIPTIONS = definition("subscriptions", {"Subscriptions": [SUBSCRIPTION]})
ANSWERS = [GROUP, GROUP_VERSION, CORES, definition("functions", functions()), SUBSCRIPTIONS]


def as_list(folder: Path) -> Path:
    path = folder / "g.json"
    path.write_text(json.dumps(ANSWERS))
    return path


def as_named(folder: Path) -> Path:
    path = folder / "g.json"
    path.write_text(json.dumps({str(number): answer for number, answer in enumerate(ANSWERS)}))
    return path


def one_after_the_other(folder: Path) -> Path:
    path = folder / "g.json"
    path.write_text("\n".join(json.dumps(answer, indent=4) for answer in ANSWERS))
    return path


def in_a_folder(folder: Path) -> Path:
    for number, answer in enumerate(ANSWERS):
        (folder / f"{number}.json").write_text(json.dumps(answer))
    return folder


@pytest.mark.parametrize("write", [as_list, as_named, one_after_the_other, in_a_folder])
def test_answers_of_the_api_make_a_group(tmp_path: Path, write: Any) -> None:
    group = load_group(write(tmp_path), LOCAL)
    assert (group.name, group.id) == ("the group", "g-7")
    assert group.cores[0].thing_arn == thing_arn("core")
    assert group.functions[0].executable == "echo.handler"
    assert group.functions[0].local_path == str(HANDLERS)
    assert group.subscriptions[0].target == function_arn("echo")
    assert group.default_memory_kb == 16 * 1024


def test_only_the_versions_that_the_group_names_count(tmp_path: Path) -> None:
    older = definition("functions", functions("old.handler"), "v0")
    draft = read_api([[older, *ANSWERS]])
    assert len(draft.document["Functions"]) == 1
    assert draft.places("$.Functions[0].FunctionArn") == "$[4].Definition.Functions[0].FunctionArn"


def test_a_version_that_the_group_names_must_be_there() -> None:
    with pytest.raises(GroupError, match=r"add what `aws greengrass get-core-definition-version` prints"):
        read_api([[GROUP_VERSION, ANSWERS[3], SUBSCRIPTIONS]])


def test_a_definition_as_it_is_created_and_the_lambda_s_own_answer(tmp_path: Path) -> None:
    created = {"Name": "d", "InitialVersion": functions(None)}
    answer = {
        "Configuration": {
            "FunctionName": "echo",
            "FunctionArn": function_arn("echo").rpartition(":")[0],
            "Runtime": "python3.7",
            "Handler": "echo.handler",
        },
        "Code": {"RepositoryType": "S3"},
    }
    path = tmp_path / "g.json"
    path.write_text(json.dumps([created, answer, SUBSCRIPTIONS]))
    group = load_group(path, LOCAL)
    assert group.functions[0].executable == "echo.handler"
    assert group.functions[0].lambda_runtime == "python3.7"


def test_problems_are_told_by_their_place_in_the_file(tmp_path: Path) -> None:
    broken = definition("subscriptions", {"Subscriptions": [{**SUBSCRIPTION, "Subject": "a/#/b"}]})
    path = tmp_path / "g.json"
    path.write_text(json.dumps([definition("functions", functions()), broken]))
    with pytest.raises(GroupError) as caught:
        load_group(path)
    assert [place for place, _ in caught.value.problems] == [
        "$[0].Definition.Functions[0]",
        "$[1].Definition.Subscriptions[0].Subject",
    ]


def test_what_is_no_answer() -> None:
    with pytest.raises(GroupError, match=r"\$\[1\]: is no answer of the Greengrass API"):
        read_api([[CORES, "x"]])
