from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import ExitCode
from greengrass_sim.commands.invoke import invoke as run_invoke
from greengrass_sim.group import load_group
from greengrass_sim.workers.work import Work
from tests.greengrass_sim.command_line import run_command
from tests.greengrass_sim.groups import function, function_arn, group, write_group


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    functions = [
        function("relay"),
        function("awkward", Timeout=1),
        function("mean", EncodingType="binary"),
        function("no_package"),
    ]
    write_group(
        tmp_path, group(functions, [("relay", "answer/#", "cloud"), ("awkward", "answer/#", "relay")])
    )
    return tmp_path


def invoke(folder: Path, *arguments: str, stdin: bytes = b"") -> tuple[int, dict[str, Any], str]:
    result = run_command("invoke", *arguments, stdin=stdin, folder=folder)
    answer = json.loads(result.stdout) if result.stdout else {}
    return result.returncode, answer, result.stderr.decode()


@pytest.mark.parametrize("name", ["relay", function_arn("relay")])
def test_what_was_returned_and_published(folder: Path, name: str) -> None:
    code, answer, _ = invoke(folder, name, "-e", "-", stdin=b'{"a": "\xc3\xbc"}')
    assert code == ExitCode.OK
    assert answer == {
        "schema_version": 1,
        "function": function_arn("relay"),
        "returned": {"a": "ü"},
        "error": None,
        "published": [{"topic": "answer/relayed", "payload": '{"a": "\\u00fc"}', "targets": ["cloud"]}],
    }


def test_bytes_are_shown_in_base64(folder: Path) -> None:
    (folder / "event").write_bytes(b"bytes")
    code, answer, _ = invoke(folder, "mean", "-e", "event")
    assert (code, answer["returned_base64"]) == (ExitCode.OK, "/w==")


@pytest.mark.parametrize(
    ("name", "event", "error", "logged"),
    [
        ("awkward", b'"raised"', "KeyError: 'no such thing'", 'awkward.py", line'),
        ("awkward", b'"unprintable"', "TypeError: the handler returned what JSON cannot hold", ""),
        (
            "awkward",
            b'"died"',
            "the worker ended over this event: it exited with status 3",
            "exited with status 3",
        ),
        ("awkward", b'"slept"', "Task timed out after 1.00 seconds", "in slept"),
        ("awkward", b"{", "the payload is not JSON", ""),
        (
            "no_package",
            b"1",
            "No module named 'a_package_that_nobody_has'",
            "Failed to import handler function",
        ),
    ],
)
def test_a_handler_that_fails(folder: Path, name: str, event: bytes, error: str, logged: str) -> None:
    code, answer, log = invoke(folder, name, "-e", "-", stdin=event)
    assert code == ExitCode.BUG
    assert error in answer["error"]
    assert answer["returned"] is None
    assert logged in log


def test_a_module_that_never_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greengrass_sim.commands.invoke.IMPORT_S", 0.7)
    loaded = load_group(
        write_group(tmp_path, group([function("publisher")], [("publisher", "answer/#", "cloud")]))
    )
    answer = asyncio.run(run_invoke(loaded, loaded.functions[0], Work(None, b"1"), tmp_path))
    assert answer["error"] == "the handler's module is still being imported after 0.7 s"
    assert answer["published"][0] == {"topic": "answer/tick", "payload": "0", "targets": ("cloud",)}


def test_prints_and_refusals_are_logged(folder: Path) -> None:
    code, answer, log = invoke(folder, "awkward", "-e", "-", stdin=b'"refused"')
    assert code == ExitCode.OK
    assert [row["targets"] for row in answer["published"]] == [[function_arn("relay")]]
    assert "No subscription exists for the source" in log
    _, _, log = invoke(folder, "awkward", "-e", "-", stdin=b'"printed"')
    assert "[INFO]-function.awkward,a line to stdout" in log


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["realy", "-e", "-"], "no function 'realy' in this group; did you mean 'relay'?"),
        (["relay", "-e", "none"], "cannot read the event none: No such file or directory"),
        (["relay", "-e", "-", "--topic", "a/#"], "without the wildcards"),
        (["relay", "-e", "-", "-g", "none.json"], "cannot read the group file"),
    ],
)
def test_wrong_arguments(folder: Path, arguments: list[str], problem: str) -> None:
    code, answer, log = invoke(folder, *arguments)
    assert (code, answer) == (ExitCode.USAGE, {})
    assert problem in log
