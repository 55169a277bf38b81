from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import Group, load_group
from greengrass_sim.resources import ResourceTree
from tests.greengrass_sim.groups import echo_group, write_group


def make_group(folder: Path, local_path: str, destination: str = "/models/one") -> Group:
    environment: dict[str, Any] = {"ResourceAccessPolicies": [{"ResourceId": "model"}]}
    document = echo_group(Environment=environment)
    data = {"S3MachineLearningModelResourceData": {"DestinationPath": destination}}
    document["Resources"] = [
        {"Id": "model", "Name": "m", "LocalPath": local_path, "ResourceDataContainer": data}
    ]
    return load_group(write_group(folder, document))


def make_archive(path: Path, *members: tarfile.TarInfo) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            content = b"x" * member.size
            tar.addfile(member, io.BytesIO(content))


def make_member(name: str, **fields: Any) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = 3
    for field, value in fields.items():
        setattr(member, field, value)
    return member


def test_a_folder_appears_at_its_destination(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"w")
    group = make_group(tmp_path, "model")
    prefix = ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert Path(f"{prefix}/models/one/weights").read_bytes() == b"w"


def test_an_archive_is_unpacked_at_its_destination(tmp_path: Path) -> None:
    make_archive(tmp_path / "m.tar.gz", make_member("inner/weights"))
    group = make_group(tmp_path, "m.tar.gz")
    tree = ResourceTree(group, tmp_path / "work")
    for _ in range(2):
        prefix = tree.prefix(group.functions[0])
        assert Path(f"{prefix}/models/one/inner/weights").read_bytes() == b"xxx"
    assert [path.name for path in (tmp_path / "work" / "models").iterdir()] == ["model"]


def test_a_function_without_resources_has_an_empty_prefix(tmp_path: Path) -> None:
    group = load_group(write_group(tmp_path, echo_group()))
    prefix = ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert list(prefix.iterdir()) == []


@pytest.mark.parametrize(
    ("member", "problem"),
    [
        (make_member("../out"), "leads out of its folder"),
        (make_member("/out"), "leads out of its folder"),
        (
            make_member("link", type=tarfile.SYMTYPE, linkname="/etc/passwd", size=0),
            "neither a file nor a folder",
        ),
        (make_member("pipe", type=tarfile.FIFOTYPE, size=0), "neither a file nor a folder"),
    ],
)
def test_an_archive_that_reaches_out_is_refused(
    tmp_path: Path, member: tarfile.TarInfo, problem: str
) -> None:
    make_archive(tmp_path / "m.tar.gz", make_member("first"), member)
    group = make_group(tmp_path, "m.tar.gz")
    with pytest.raises(GroupError, match=problem) as caught:
        ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert caught.value.path == "$.Resources[0].LocalPath"
    assert list((tmp_path / "work" / "models").iterdir()) == []


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_truncated_archive_is_refused(tmp_path: Path, keep: int) -> None:
    make_archive(tmp_path / "whole.tar.gz", make_member("a"))
    (tmp_path / "m.tar.gz").write_bytes((tmp_path / "whole.tar.gz").read_bytes()[:keep])
    group = make_group(tmp_path, "m.tar.gz")
    with pytest.raises(GroupError, match="cannot unpack"):
        ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert list((tmp_path / "work" / "models").iterdir()) == []
