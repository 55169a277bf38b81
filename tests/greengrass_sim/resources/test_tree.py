from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group import DefaultConfig, Execution, Group, RunAs, load_group
from greengrass_sim.resources.tree import SCRATCH, ResourceTree
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


def test_an_archive_that_was_replaced_is_unpacked_anew(tmp_path: Path) -> None:
    """In a work folder that outlives the core, and when a group is deployed to a running one."""
    for name in ("old", "new"):
        make_archive(tmp_path / "m.tar.gz", make_member(name))
        group = make_group(tmp_path, "m.tar.gz")
        prefix = ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
        assert [path.name for path in Path(f"{prefix}/models/one").iterdir()] == [name]


def test_a_function_without_resources_has_an_empty_prefix(tmp_path: Path) -> None:
    group = load_group(write_group(tmp_path, echo_group()))
    prefix = ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert [path.name for path in prefix.iterdir()] == [SCRATCH]


def test_a_zip_serves_as_code(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as packed:
        packed.writestr("inner/echo.py", "x = 1")
    document = echo_group()
    document["Functions"][0]["LocalPath"] = "code.zip"
    group = load_group(write_group(tmp_path, document))
    tree = ResourceTree(group, tmp_path / "work")
    for _ in range(2):
        assert (tree.code(group.functions[0]) / "inner" / "echo.py").read_text() == "x = 1"


def test_code_in_the_group_becomes_a_module(tmp_path: Path) -> None:
    document = echo_group()
    document["Functions"][0]["InlineCode"] = "def handler(event, context): pass"
    group = load_group(write_group(tmp_path, document))
    folder = ResourceTree(group, tmp_path / "work").code(group.functions[0])
    assert [path.name for path in folder.iterdir()] == ["echo.py"]


def test_views_are_what_has_to_be_shown_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    document = echo_group()
    volumes = {"same": ("/usr", "/usr"), "other": ("/usr", "/data")}
    document["Resources"] = [
        {
            "Id": name,
            "Name": name,
            "ResourceDataContainer": {
                "LocalVolumeResourceData": {"SourcePath": source, "DestinationPath": destination}
            },
        }
        for name, (source, destination) in volumes.items()
    ]
    policies = [{"ResourceId": "same"}, {"ResourceId": "other", "Permission": "rw"}]
    config = document["Functions"][0]["FunctionConfiguration"]
    config["Environment"] = {"ResourceAccessPolicies": policies}
    group = load_group(write_group(tmp_path, document))
    tree = ResourceTree(group, tmp_path / "work")
    assert tree.views(group.functions[0]) == (("/usr", "/data", "rw"),)
    assert (tree.prefix(group.functions[0]) / "data").resolve() == Path("/usr")


def test_without_a_container_nothing_is_shown_at_absolute_paths(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    group = make_group(tmp_path, "model")
    tree = ResourceTree(group, tmp_path / "work")
    assert tree.views(group.functions[0]) == ((str(tmp_path / "model"), "/models/one", "ro"),)
    alone = replace(group, default_config=DefaultConfig(Execution("NoContainer")))
    assert ResourceTree(alone, tmp_path / "work").views(group.functions[0]) == ()


def test_an_archive_that_reaches_out_is_refused(tmp_path: Path) -> None:
    make_archive(tmp_path / "m.tar.gz", make_member("first"), make_member("../out"))
    group = make_group(tmp_path, "m.tar.gz")
    with pytest.raises(GroupError, match="leads out of its folder") as caught:
        ResourceTree(group, tmp_path / "work").prefix(group.functions[0])
    assert caught.value.path == "$.Resources[0].LocalPath"
    assert list((tmp_path / "work" / "models").iterdir()) == []


@pytest.mark.parametrize(("run_as", "mode"), [(None, 0o700), (RunAs(65534, 65534), 0o711)])
def test_another_user_comes_through_to_its_resources(tmp_path: Path, run_as: RunAs | None, mode: int) -> None:
    make_archive(tmp_path / "m.tar.gz", make_member("weights"))
    group = make_group(tmp_path, "m.tar.gz")
    group = replace(group, default_config=DefaultConfig(Execution(run_as=run_as)))
    work = tmp_path / "work"
    work.mkdir(0o700)
    prefix = ResourceTree(group, work).prefix(group.functions[0])
    assert stat.S_IMODE(work.stat().st_mode) == mode
    for path in (prefix, work / "models" / "model", work / "models" / "model" / "weights"):
        assert path.stat().st_mode & 0o004
