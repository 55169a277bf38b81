"""A handler's file is changed while the core runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from greengrass_sim.workers.reload import signature
from tests.greengrass_sim.groups import function, function_arn, group
from tests.greengrass_sim.probe import Probe
from tests.greengrass_sim.simulator import Simulator, eventually
from tests.greengrass_sim.workers.functions import Running as Functions
from tests.greengrass_sim.workers.functions import run as run_functions
from tests.greengrass_sim.workers.test_pinned import Running, run

HANDLER = """
import time
import greengrasssdk
from pathlib import Path

client = greengrasssdk.client("iot-data")

def handler(event, context):
    if event == b"slow":
        Path("begun").touch()
        while not Path("go").exists():
            time.sleep(0.01)
    client.publish(topic="answer/x", payload="VERSION " + event.decode())
"""


def write(folder: Path, version: str) -> None:
    """At once, as a good editor does."""
    half = folder / "half"
    half.write_text(HANDLER.replace("VERSION", version))
    half.replace(folder / "handler.py")


def make_simulator(folder: Path, *options: str, pinned: bool = True) -> Simulator:
    code = folder / "code"
    code.mkdir()
    write(code, "first")
    config = {"EncodingType": "binary", "Timeout": 20, "Pinned": pinned}
    one = {**function("echo", "handler.handler", **config), "LocalPath": str(code)}
    document = group([one], [("cloud", "request/#", "echo"), ("echo", "answer/#", "cloud")])
    return Simulator(folder, document, "embedded", *options)


def test_the_event_under_way_is_finished_by_the_old_code(tmp_path: Path) -> None:
    code = tmp_path / "code"
    with make_simulator(tmp_path, "--reload") as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        client.publish("request/x", b"slow")
        assert eventually((code / "begun").exists)
        write(code, "second")
        simulator.wait_for_log("handler.py changed: the workers of")
        client.publish("request/x", b"quick")
        (code / "go").touch()
        assert client.take_payloads(2, 30) == [b"first slow", b"second quick"]


def test_an_on_demand_function(tmp_path: Path) -> None:
    code = tmp_path / "code"
    with make_simulator(tmp_path, "--reload", pinned=False) as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        client.publish("request/x", b"1")
        assert client.take(30).payload == b"first 1"
        write(code, "second")
        simulator.wait_for_log("handler.py changed: the workers of")
        client.publish("request/x", b"2")
        assert client.take(30).payload == b"second 2"


def test_a_broken_file_and_its_repair(tmp_path: Path) -> None:
    code = tmp_path / "code"
    with make_simulator(tmp_path, "--reload") as simulator, Probe(simulator.port) as client:
        client.subscribe("answer/#")
        (code / "handler.py").write_text("def handler(:\n")
        simulator.wait_for_log("SyntaxError")
        client.publish("request/x", b"kept")
        write(code, "repaired")
        assert client.take(30).payload == b"repaired kept"


@pytest.mark.parametrize("pinned", [True, False])
def test_code_that_changes_while_it_is_imported(
    tmp_path: Path, pinned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "handler.py").write_text(
        "import pathlib, time\n"
        "pathlib.Path('begun').touch()\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.01)\n"
        "def handler(event, context): return 'old'\n"
    )

    async def scenario(running: Functions) -> None:
        answer = asyncio.create_task(running.returned("echo", None))
        await asyncio.to_thread(eventually, (code / "begun").exists)
        (code / "handler.py").write_text("def handler(event, context): return 'new'\n")
        running.functions.reload(function_arn("echo"))
        (code / "go").touch()
        assert await answer == "new"

    one = {**function("echo", "handler.handler", Pinned=pinned), "LocalPath": str(code)}
    run_functions(tmp_path, group([one], []), scenario, imported=False)
    assert not [record for record in caplog.records if record.name == "asyncio"]


def test_only_modules_and_programs_count(tmp_path: Path) -> None:
    for name in ("a.py", "b.js", "state"):
        (tmp_path / name).touch()
    (tmp_path / "program").touch(0o755)
    for name in ("__pycache__", ".git", "node_modules", "inner"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "b.py").touch()
    (tmp_path / "data.json").touch()
    names = {"a.py", "b.js", "program", "inner/b.py"}
    assert set(signature(tmp_path)) == {str(tmp_path / name) for name in names}


def test_a_publisher_that_never_returns_is_started_anew(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        await running.until(lambda: len(running.published) > 2)
        running.worker.reload()
        await running.until(lambda: running.published.count(("answer/tick", b"0")) == 2)

    run(tmp_path, "publisher", scenario)
