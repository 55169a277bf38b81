"""The fixture as users of it write their tests."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from greengrass_sim.testing import start_group
from tests.greengrass_sim.brokers import needs_mosquitto
from tests.greengrass_sim.groups import echo_group, function, group

pytest_plugins = ["pytester"]
PLUGIN = "greengrass_sim.pytest_plugin"


def run(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    """Runs the test file in a process of its own, beside the group file of the echo."""
    (pytester.path / "group.json").write_text(json.dumps(echo_group()))
    pytester.makepyfile(test)
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    return pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", *(() if installed else ("-p", PLUGIN)), *options
    )


def test_publish_and_expect(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_echo(greengrass):
            group = greengrass("group.json")
            group.publish("request/x", {"a": [1, None]})
            answer = group.expect("answer/+")
            assert (answer.topic, answer.json()) == ("answer/x", {"a": [1, None]})
            group.publish("request/y", '"text"')
            assert group.expect("answer/y").text == '"text"'
            group.expect_nothing("answer/#", within=0.1)
            assert group.status()["functions"][0]["state"] == "ready"

        def test_a_dict_and_two_groups(greengrass):
            import json, pathlib
            document = json.loads((pathlib.Path(__file__).parent / "group.json").read_text())
            first, second = greengrass(document), greengrass(document)
            first.publish("request/x", 1)
            assert first.expect("answer/#").json() == 1
            second.expect_nothing("answer/#", within=0.1)
        """,
    )
    result.assert_outcomes(passed=2)


def test_a_failure_shows_the_log(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_echo(greengrass):
            group = greengrass("group.json")
            group.publish("elsewhere", b"1")
            group.expect("answer/#", within=0.2)

        def test_something(greengrass):
            group = greengrass("group.json")
            group.publish("request/x", 1)
            group.expect_nothing("answer/#", within=5)
        """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*no message on answer/# within 0.2 s; received: elsewhere; the simulator's log ends with*",
            "*a message came on answer/x: b'1'*",
        ]
    )
    result.stdout.fnmatch_lines(["*greengrass-sim log 1*", "*mqtt.test-core*connected to*"])


def test_a_group_that_does_not_start(pytester: pytest.Pytester) -> None:
    result = run(pytester, 'def test_it(greengrass):\n    greengrass({"Functions": [{}]})\n')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*SimError: the simulator did not start:*"])


@needs_mosquitto
def test_another_broker_and_its_topics_of_the_system(pytester: pytest.Pytester) -> None:
    shadow = "$aws/things/lamp/shadow/get"
    routes = [("cloud", shadow, "GGShadowService"), ("GGShadowService", f"{shadow}/#", "cloud")]
    (pytester.path / "shadow.json").write_text(json.dumps(group([], routes)))
    result = run(
        pytester,
        f"""
        def test_shadow(greengrass):
            group = greengrass("shadow.json")
            group.publish("{shadow}")
            assert group.expect("{shadow}/rejected").json()["code"] == 404
        """,
        "--greengrass-broker",
        "mosquitto",
    )
    result.assert_outcomes(passed=1)


def test_without_pytest() -> None:
    """And: what a handler prints is in the log; a filter that is none is refused."""
    with start_group(group([function("missing", "no_such_module.handler")], [])) as running:
        assert "No module named 'no_such_module'" in running.log
        with pytest.raises(ValueError, match="is no topic filter"):
            running.expect("a/#/b")
    assert running.log.count("Traceback") <= 1


def test_it_costs_a_start_of_pytest_nothing() -> None:
    program = (
        f"import pytest, sys; before = set(sys.modules); import {PLUGIN}; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"greengrass_sim", PLUGIN}
