from __future__ import annotations

import json
from pathlib import Path

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.secrets import SecretStore, SecretVersion, load_secrets

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:greengrass-db-AbCd12"
CONTENT = f"""
[greengrass-plain]
string = "s1"

["{ARN}"]
string = "new"
versions = [{{ string = "old", stages = ["AWSPREVIOUS", "blue"], id = "v0" }}]

[greengrass-bytes]
binary = "AAEC"
"""


def write(folder: Path, content: str, mode: int = 0o600, name: str = "secrets.toml") -> Path:
    path = folder / name
    path.write_text(content)
    path.chmod(mode)
    return path


def store(folder: Path) -> SecretStore:
    return load_secrets(write(folder, CONTENT))


@pytest.mark.parametrize(
    "secret_id",
    [ARN, "greengrass-db", ARN.removesuffix("-AbCd12"), ARN.replace("AbCd12", "zzzzzz")],
)
def test_a_secret_is_found_by_each_of_its_names(tmp_path: Path, secret_id: str) -> None:
    secret = store(tmp_path).find(secret_id)
    assert secret is not None
    assert (secret.arn, secret.name) == (ARN, "greengrass-db")


def test_a_secret_given_by_name_is_found_by_the_arn_of_a_group(tmp_path: Path) -> None:
    secret = store(tmp_path).find("arn:aws:secretsmanager:x:1:secret:greengrass-plain-AbCd12")
    assert secret is not None
    assert secret.arn == "arn:aws:secretsmanager:local:000000000000:secret:greengrass-plain"


@pytest.mark.parametrize("secret_id", ["greengrass", "greengrass-db-AbCd1", "", ARN + "/x"])
def test_other_names_find_nothing(tmp_path: Path, secret_id: str) -> None:
    assert store(tmp_path).find(secret_id) is None


def test_versions_are_found_by_their_labels(tmp_path: Path) -> None:
    secret = store(tmp_path).find("greengrass-db")
    assert secret is not None
    assert secret.version("blue") == SecretVersion("old", None, ("AWSPREVIOUS", "blue"), "v0")
    current = secret.version()
    assert current is not None
    assert current.string == "new"
    assert len(current.version_id) == 36
    assert secret.version("green") is None


def test_json_serves_as_well(tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps({"a": {"string": "x"}}), name="s.json")
    secret = load_secrets(path).find("a")
    assert secret is not None
    assert secret.created_ms == path.stat().st_mtime_ns // 1_000_000


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o601, 0o700, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path, CONTENT, mode)
    with pytest.raises(GroupError, match=rf"permissions {mode:04o}, secrets need 0600: chmod 600 {path}"):
        load_secrets(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[a]", r"\$\.a: holds no value"),
        ('[a]\nstring = "TOP"\nbinary = "AA=="', "either `string` or `binary`"),
        ('[a]\nbinary = "TOP"', "not base64"),
        ('[a]\nstring = "TOP"\nversions = [{ string = "b" }]', "label AWSCURRENT is on two versions"),
        ('[a]\nstrin = "TOP"', "did you mean 'string'"),
        ("[a]\nstring = 12345", r"\$\.a\.string: must be a string$"),
        ('[a]\nstring = "TOP', r"not TOML \(at "),
    ],
)
def test_a_faulty_file_is_refused_and_no_value_shown(tmp_path: Path, content: str, problem: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(GroupError, match=problem) as caught:
        load_secrets(path)
    assert str(caught.value).startswith(str(path))
    assert "TOP" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(GroupError, match="cannot read the secrets: No such file"):
        load_secrets(tmp_path / "none")


def test_values_do_not_show_in_the_store_s_description(tmp_path: Path) -> None:
    secret = store(tmp_path).find("greengrass-db")
    assert "new" not in repr(secret)
    assert "old" not in repr(store(tmp_path))
