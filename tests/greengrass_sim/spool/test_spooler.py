"""The spool alone: the test plays the link, and confirms when it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.receipt import Receipt
from greengrass_sim.spool.entry import Entry
from greengrass_sim.spool.file import SpoolFile
from greengrass_sim.spool.spooler import Spooler, SpoolOptions

OPTIONS = SpoolOptions("cloud", in_flight=1, bytes=100)


class Link:
    """What was sent, and the receipts of what is not confirmed yet."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.receipts: list[Receipt] = []

    def __call__(self, _topic: str, payload: bytes, receipt: Receipt) -> None:
        self.sent.append(payload)
        self.receipts.append(receipt.hold())

    def confirm(self, count: int = 1) -> None:
        for _ in range(count):
            self.receipts.pop(0).release()


class Request:
    """A request that is acknowledged when nothing holds its receipt."""

    def __init__(self) -> None:
        self.acknowledged = asyncio.Event()
        self.receipt = Receipt(self.acknowledged.set)

    def publishes(self, spooler: Spooler, payload: bytes) -> None:
        spooler.put("t", payload, self.receipt)
        self.receipt.release()


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


def numbered(count: int) -> list[bytes]:
    return [b"%09d" % number for number in range(count)]


@pytest.mark.parametrize("in_flight", [1, 3])
def test_in_order_and_never_more_in_flight(in_flight: int) -> None:
    async def scenario() -> None:
        link = Link()
        spooler = Spooler(SpoolOptions("x", in_flight, 1000), link)
        for payload in numbered(10):
            spooler.put("t", payload)
            assert len(link.receipts) <= in_flight
        assert spooler.waiting == 10
        for left in range(9, -1, -1):
            link.confirm()
            assert spooler.waiting == left
        assert link.sent == numbered(10)
        spooler.close()

    run(scenario)


def test_the_oldest_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        link = Link()
        spooler = Spooler(OPTIONS, link)
        for payload in numbered(1000):
            spooler.put("t", payload)  # ten bytes each
        assert spooler.waiting == 11
        for _ in range(11):
            link.confirm()
        assert link.sent == [numbered(1)[0], *numbered(1000)[-10:]]
        spooler.close()

    run(scenario)
    assert "dropped the 989 oldest messages: more than 100 bytes wait" in caplog.text


def test_a_message_larger_than_the_spool(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        link = Link()
        spooler = Spooler(OPTIONS, link)
        for payload in (b"in flight", bytes(101), b"small"):
            spooler.put("t", payload)
        link.confirm()
        assert link.sent == [b"in flight", b"small"]
        spooler.close()

    run(scenario)
    assert "dropped the 1 oldest" in caplog.text


def test_what_a_request_waits_for_is_not_dropped() -> None:
    async def scenario() -> None:
        link = Link()
        spooler = Spooler(OPTIONS, link)
        requests = [Request() for _ in range(50)]
        for request, payload in zip(requests, numbered(50), strict=True):
            request.publishes(spooler, payload)
        for payload in numbered(50):
            spooler.put("t", payload)
        for number, request in enumerate(requests):
            assert [one.acknowledged.is_set() for one in requests[number:]] == [False] * (50 - number)
            link.confirm()
            assert request.acknowledged.is_set()
        assert link.sent[:50] == numbered(50)
        assert spooler.waiting == 10
        spooler.close()

    run(scenario)


def test_a_file_frees_requests_and_outlives_the_process(tmp_path: Path) -> None:
    async def first() -> None:
        link = Link()
        spooler = Spooler(SpoolOptions("cloud", 1), link, SpoolFile(tmp_path / "spool"))
        spooler.start()
        requests = [Request() for _ in range(5)]
        for request, payload in zip(requests, numbered(5), strict=True):
            request.publishes(spooler, payload)
        spooler.put("t", b"of its own accord")
        for request in requests:
            await request.acknowledged.wait()
        link.confirm()
        spooler.close()  # the second is on its way, the broker has not confirmed it
        assert link.sent == numbered(2)

    async def second() -> None:
        link = Link()
        spooler = Spooler(SpoolOptions("cloud", 1), link, SpoolFile(tmp_path / "spool"))
        spooler.start()
        assert spooler.waiting == 5
        link.confirm(1)
        while link.receipts:
            link.confirm()
        assert link.sent == [*numbered(5)[1:], b"of its own accord"]
        spooler.close()

    run(first)
    run(second)
    file = SpoolFile(tmp_path / "spool")
    assert file.load() == []
    file.close()


def test_what_is_confirmed_at_once_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = SpoolFile.write

    def noted(file: SpoolFile, new: Iterable[Entry], gone: Iterable[int]) -> None:
        rows = list(new)
        written.extend(one.number for one in rows)
        write(file, rows, gone)

    monkeypatch.setattr(SpoolFile, "write", noted)

    async def scenario() -> None:
        link = Link()
        spooler = Spooler(SpoolOptions("cloud", 1), link, SpoolFile(tmp_path / "spool"))
        request = Request()
        request.publishes(spooler, b"x")
        link.confirm()
        assert request.acknowledged.is_set()
        spooler.close()

    run(scenario)
    assert written == []


def test_a_disk_that_fails_keeps_requests_with_the_broker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        link = Link()
        file = SpoolFile(tmp_path / "spool")
        spooler = Spooler(SpoolOptions("cloud", 1), link, file)
        request = Request()
        file.close()
        request.publishes(spooler, b"x")
        while "are in memory alone" not in caplog.text:
            await asyncio.sleep(0.01)
        assert not request.acknowledged.is_set()
        link.confirm()
        assert request.acknowledged.is_set()
        spooler.close()

    run(scenario)


def test_a_smaller_spool_than_last_time(tmp_path: Path) -> None:
    async def scenario(size: int, more: list[bytes]) -> list[bytes]:
        link = Link()
        spooler = Spooler(SpoolOptions("cloud", 1, size), link, SpoolFile(tmp_path / "spool"))
        for payload in more:
            spooler.put("t", payload)
        spooler.start()
        while link.receipts and not more:
            link.confirm()
        spooler.close()
        return link.sent

    asyncio.run(scenario(1000, numbered(20)))
    assert asyncio.run(scenario(50, [])) == numbered(20)[-5:]
