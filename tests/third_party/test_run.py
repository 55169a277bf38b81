"""Our own handlers of the shapes that the samples have, through the same runner, with our SDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.greengrass_sim.brokers import needs_mosquitto
from tests.greengrass_sim.groups import function_arn
from tests.third_party.__main__ import main
from tests.third_party.run import run_sample
from tests.third_party.samples import SECRET, THING, Sample

HANDLERS = Path(__file__).parent / "handlers"
DOCUMENTS = "$aws/things/Arm/shadow/update/documents"
SHAPES = (
    Sample(
        "timer",
        "timer.py",
        "handler",
        (("self", f"{THING}/beat", "cloud"),),
        published=((f"{THING}/beat", "beat of local"),),
    ),
    Sample(
        "slow",
        "slow.py",
        "handler",
        (("cloud", "slow", "self"), ("self", "slow/count", "cloud")),
        feed=(("slow", b"{}"),),
        published=(("slow/count", '{"count": 1}'),),
        logged=("Task timed out after 1.00 seconds",),
        config={"Timeout": 1},
    ),
    Sample(
        "invoked",
        "invoked.py",
        "handler",
        (("cloud", "invoke", "self"),),
        feed=(("invoke", b"\x00\xff"),),
        logged=(r"invoked with b'\x00\xff' and {'subject': 'invoke'}",),
        config={"EncodingType": "binary"},
    ),
    Sample(
        "invoking",
        "invoking.py",
        "handler",
        (("cloud", "start", "self"), ("self", "invoking/answer", "cloud")),
        feed=(("start", b"1"),),
        published=(("invoking/answer", "taken: 00ff"),),
        logged=("{'who': 'me'}",),
        others={"invoked": ("invoked.py", "handler")},
        variables={"INVOKED": function_arn("invoked")},
        config={"EncodingType": "binary"},
    ),
    Sample(
        "switch",
        "switch.py",
        "handler",
        (
            ("cloud", "state", "self"),
            ("GGShadowService", DOCUMENTS, "watcher"),
            ("watcher", "light/now", "cloud"),
        ),
        feed=(("state", b'{"state": "on"}'),),
        published=(("light/now", f"on by {DOCUMENTS}"),),
        logged=("switching on",),
        others={"watcher": ("watcher.py", "handler")},
    ),
    Sample(
        "shared",
        "shared.py",
        "handler",
        (("self", "shared/found", "cloud"),),
        published=(("shared/found", "from outside"),),
        volume=("/roottmp/shared", {"in.txt": "from outside"}),
    ),
    Sample(
        "listener",
        "listener.py",
        "handler",
        (("self", "listener/#", "cloud"),),
        published=(("listener/heard", "over a socket"),),
        socket_variable="PORT",
    ),
    Sample(
        "keeper",
        "keeper.py",
        "handler",
        (("cloud", "show", "self"), ("self", "keeper/found", "cloud")),
        feed=(("show", b"{}"),),
        published=(("keeper/found", SECRET), ("keeper/found", '"other": "refused"')),
        secret="test-secret",
    ),
)
pytestmark = needs_mosquitto


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_a_handler_of_this_shape_runs(tmp_path: Path, shape: Sample) -> None:
    report = run_sample(shape, HANDLERS, None, tmp_path)
    assert report.missing == []


def test_a_sample_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "HelloWorldCounter", "--sdk", str(tmp_path)]) == 2
    assert f"missing    no examples/HelloWorldCounter/greengrassHelloWorldCounter.py below {tmp_path}" in (
        capsys.readouterr().out
    )


def test_what_a_sample_does_not_do_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.third_party.run.PATIENCE_S", 0.5)
    shape = Sample("idle", "invoked.py", "handler", (("cloud", "x", "self"),), published=(("never", ""),))
    assert run_sample(shape, HANDLERS, None, tmp_path).missing == ["nothing with '' on never"]
