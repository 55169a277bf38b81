"""The pytest plugin: the fixture `greengrass`, and the simulator's log beside a test that fails.

pytest imports it at every start, so nothing heavy comes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from greengrass_sim.testing.running import RunningGroup

    StartGroup = Callable[..., RunningGroup]

_RUNNING: pytest.StashKey[list[Any]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("greengrass").addoption(
        "--greengrass-broker",
        default="embedded",
        metavar="NAME|URL",
        help="the broker of the fixture `greengrass`: embedded, mosquitto or a URL; default: %(default)s",
    )


@pytest.fixture
def greengrass(request: pytest.FixtureRequest) -> Iterator[StartGroup]:
    """Starts a group: `greengrass("group.json")`, or with the group as a dict.

    A relative path starts at the folder of the test's file. Keyword arguments: `broker`, and `options`,
    further ones of `greengrass-sim start`. The group is ended after the test.
    """
    from greengrass_sim.testing.running import start_group

    running = request.node.stash.setdefault(_RUNNING, [])
    with ExitStack() as stack:

        def start(
            group: str | Path | Mapping[str, Any], broker: str | None = None, options: Sequence[str] = ()
        ) -> RunningGroup:
            source = group if isinstance(group, Mapping) else request.path.parent / group
            chosen = broker or request.config.getoption("--greengrass-broker")
            started = stack.enter_context(start_group(source, chosen, options))
            running.append(started)
            return started

        yield start


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    running = item.stash.get(_RUNNING, None)
    if report.failed and running:
        for number, group in enumerate(running, 1):
            report.sections.append((f"greengrass-sim log {number}", group.log))
    return report
