from __future__ import annotations

from pathlib import Path

import pytest

from greengrass_sim.errors import GroupError, UsageError
from greengrass_sim.group import Group, load_group
from greengrass_sim.group.local import Code, Local, pairs, read_local
from tests.greengrass_sim.groups import function, function_arn, group, write_group


def document(folder: Path, **model: str) -> Path:
    row = function("echo", Environment={"ResourceAccessPolicies": [{"ResourceId": "model"}]})
    del row["LocalPath"]
    data = {"S3MachineLearningModelResourceData": {"DestinationPath": "/m", **model}}
    resources = [{"Id": "model", "Name": "the model", "ResourceDataContainer": data}]
    return write_group(folder, {**group([row], []), "Resources": resources})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "model").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "name", ["echo", "echo:1", function_arn("echo"), function_arn("echo").rpartition(":")[0]]
)
def test_code_is_given_by_any_name_of_the_function(folder: Path, name: str) -> None:
    local = Local(code={name: Code(str(folder / "code"))}, models={"the model": str(folder / "model")})
    loaded = load_group(document(folder), local)
    assert loaded.functions[0].local_path == str(folder / "code")


@pytest.mark.parametrize("name", ["model", "the model", "s3://bucket/one.tar.gz"])
def test_a_model_is_given_by_its_origin_or_name(folder: Path, name: str) -> None:
    local = Local(code={"echo": Code(str(folder))}, models={name: str(folder / "model")})
    loaded = load_group(document(folder, S3Uri="s3://bucket/one.tar.gz"), local)
    assert loaded.resources[0].local_path == str(folder / "model")


def test_a_job_s_model(folder: Path) -> None:
    row = function("echo")
    arn = "arn:aws:sagemaker:eu-central-1:123456789012:training-job/one"
    data = {"SageMakerMachineLearningModelResourceData": {"DestinationPath": "/m", "SageMakerJobArn": arn}}
    resources = [{"Id": "r", "Name": "r", "ResourceDataContainer": data}]
    path = write_group(folder, {**group([row], []), "Resources": resources})
    loaded = load_group(path, Local(models={arn: str(folder / "model")}))
    assert loaded.resources[0].local_path == str(folder / "model")


@pytest.mark.parametrize("uri", ["model", "file://{folder}/model"])
def test_a_path_may_stand_in_place_of_the_s3_uri(folder: Path, uri: str) -> None:
    path = document(folder, S3Uri=uri.format(folder=folder))
    loaded = load_group(path, Local(code={"echo": Code(str(folder))}))
    assert loaded.resources[0].local_path == str(folder / "model")


SIDECAR = """
secrets = "s.toml"
[code]
echo = { path = "code", handler = "other.handler", runtime = "python3.9" }
[models]
model = "model"
[parameters]
A = "1"
[runtimes]
"python3.9" = "python3"
"""


def load_beside(folder: Path, local: Local | None = None) -> Group:
    (folder / "group.local.toml").write_text(SIDECAR)
    return load_group(document(folder), local)


def test_a_file_beside_the_group_supplies_what_is_missing(folder: Path) -> None:
    loaded = load_beside(folder)
    found = loaded.functions[0]
    assert (found.local_path, found.handler) == (str(folder / "code"), "other.handler")
    assert found.lambda_runtime == "python3.9"
    assert loaded.resources[0].local_path == str(folder / "model")
    assert loaded.interpreters == {"python3.9": "python3"}
    assert loaded.secrets_file == str(folder / "s.toml")


def test_options_count_before_the_file(folder: Path) -> None:
    loaded = load_beside(folder, Local(code={"echo": Code(str(folder))}, secrets="/other"))
    assert loaded.functions[0].local_path == str(folder)
    assert loaded.secrets_file == "/other"


def test_a_name_that_nothing_has_is_a_problem(folder: Path) -> None:
    local = Local(code={"ehco": Code(str(folder))}, models={"modle": "x"})
    with pytest.raises(GroupError) as caught:
        load_group(document(folder), local)
    text = str(caught.value)
    assert "code is given for 'ehco', which is not here; did you mean 'echo'?" in text
    assert "model is given for 'modle', which is not here; did you mean 'model'?" in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [("code = 3", r"\$\.code: must be an object"), ("[cod]", "did you mean 'code'"), ("x", "not TOML")],
)
def test_a_faulty_file(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "x.local.toml"
    file.write_text(text)
    with pytest.raises(GroupError, match=problem) as caught:
        read_local(file)
    assert str(caught.value).startswith(str(file))


def test_pairs() -> None:
    assert pairs("--code", ["a=b=c", "s3://x/y=z"]) == {"a": "b=c", "s3://x/y": "z"}
    with pytest.raises(UsageError, match="--code 'a' must look like NAME=VALUE"):
        pairs("--code", ["a"])
