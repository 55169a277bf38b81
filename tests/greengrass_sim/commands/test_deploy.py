from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_runtime.errors import ExitCode
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import HANDLERS

GROUP = """
core = "core"

[functions.echo]
handler = "echo.handler"
pinned = true
timeout = 7
memory_kb = 90000
runtime = "python3.1"
resources = { model = "ro" }

[resources.model]
model = "model.tar.gz"
destination = "/models/one"

[devices.lamp]

[[subscriptions]]
source = "lamp"
subject = "request/#"
target = "echo"
"""


NOWHERE = "its code is nowhere to be found: name a folder or a zip archive with"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "group.toml").write_text(GROUP)
    (tmp_path / "model").mkdir()
    return tmp_path


def deploy(folder: Path, *options: str) -> tuple[int, str, str]:
    sources = ("--code", f"echo={HANDLERS}", "--model", "model=model")
    alone = {"TMPDIR": str(folder)}  # no core of others is to be found
    result = run_command("deploy", "group.toml", *(options or sources), folder=folder, environment=alone)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_it_shows_what_would_run(folder: Path) -> None:
    code, text, log = deploy(folder)
    assert code == ExitCode.OK
    assert log == "no core is running: nothing is deployed, this is what would run\n"
    lines = [line.split() for line in text.splitlines()]
    assert ["echo:1", "echo.handler", "pinned", "7", "s", "90000", "KB", str(HANDLERS)] in lines
    assert ["model", "model", str(folder / "model"), "/models/one"] in lines
    assert ["lamp", "request/#", "echo:1"] in lines
    assert "note: function echo: runtime python3.1 is not here" in text


def test_it_tells_it_as_json_too(folder: Path) -> None:
    code, text, _ = deploy(folder, "--json", "--code", f"echo={HANDLERS}", "--model", "model=model")
    found = json.loads(text)
    assert code == ExitCode.OK
    assert (found["schema_version"], found["functions"][0]["memory_kb"]) == (1, 90000)
    assert found["resources"] == [
        {"id": "model", "kind": "model", "source": str(folder / "model"), "destination": "/models/one"}
    ]


def test_all_that_is_missing_is_told_at_once(folder: Path) -> None:
    code, text, log = deploy(folder, "--json")
    assert (code, text) == (ExitCode.USAGE, "")
    assert log.splitlines() == [
        "greengrass-sim: error: group.toml: 2 problems",
        f"  $.functions.echo: {NOWHERE} --code echo=PATH",
        f"  $.resources.model.model: no file and no folder at {folder / 'model.tar.gz'}",
    ]


def test_a_broken_archive_is_told_before_anything_runs(folder: Path) -> None:
    import tarfile

    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        tar.add(folder / "group.toml", "../out")
    code, _, log = deploy(folder, "--code", f"echo={HANDLERS}")
    assert code == ExitCode.USAGE
    assert "leads out of its folder" in log


def test_a_connector_that_does_not_run_here_is_told(folder: Path) -> None:
    connector = '\n[connectors.sns]\narn = "arn:aws:greengrass:us-east-1::/connectors/SNS/versions/4"\n'
    (folder / "group.toml").write_text(GROUP + connector)
    code, _, log = deploy(folder)
    assert code == ExitCode.USAGE
    assert "is no connector that runs here" in log


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--code", "echo"], "--code 'echo' must look like NAME=VALUE"),
        (["--local", "none.toml"], "none.toml: $: cannot read the file: No such file or directory"),
        (["--secrets", "none.toml"], "its code is nowhere"),
        (["--parameter", "A=1"], "its code is nowhere"),
    ],
)
def test_wrong_options(folder: Path, options: list[str], problem: str) -> None:
    code, _, log = deploy(folder, *options)
    assert code == ExitCode.USAGE
    assert problem in log


def test_root_has_to_be_allowed(folder: Path) -> None:
    (folder / "group.toml").write_text(GROUP.replace("timeout = 7", "uid = 0"))
    sources = ("--code", f"echo={HANDLERS}", "--model", "model=model")
    code, _, log = deploy(folder, *sources)
    assert code == ExitCode.USAGE
    assert "would run as root, which has to be allowed: --allow-root" in log
    assert deploy(folder, *sources, "--allow-root")[0] == ExitCode.OK
