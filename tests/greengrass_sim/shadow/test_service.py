"""The service as its callers see it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from greengrass_sim.invocation import FunctionError, Invocation
from greengrass_sim.receipt import Receipt
from greengrass_sim.shadow.errors import ShadowRejected
from greengrass_sim.shadow.limits import ShadowLimits, Throttle
from greengrass_sim.shadow.service import ARN, FILE, ShadowService

UNLIMITED = ShadowLimits(per_second=100_000, in_flight=100_000)


class Desk:
    """A service and what it has published."""

    def __init__(self, folder: Path, limits: ShadowLimits = UNLIMITED) -> None:
        self.published: list[tuple[str, dict[str, Any]]] = []
        self.service = ShadowService(folder / FILE, self._publish, limits)

    def _publish(self, topic: str, payload: bytes, _: Receipt | None) -> None:
        self.published.append((topic, json.loads(payload)))

    async def call(self, operation: str, body: Any = b"", shadow: str = "lamp") -> dict[str, Any]:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        subject = f"$aws/things/{shadow}/shadow/{operation}"
        reply = await self.service.invoke(Invocation(ARN, payload, "device", {"subject": subject}))
        assert reply.error == FunctionError.NONE
        answer: dict[str, Any] = json.loads(reply.payload)
        return answer

    def ask(self, operation: str, body: Any = b"", shadow: str = "lamp") -> dict[str, Any]:
        return asyncio.run(self.call(operation, body, shadow))

    def topics(self) -> list[str]:
        return [topic.removeprefix("$aws/things/lamp/shadow/") for topic, _ in self.published]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    yield one
    one.service.close()


def test_update_answers_and_publishes_in_order(desk: Desk) -> None:
    body = {"state": {"desired": {"on": True}, "reported": {"on": False, "hue": 3}}, "clientToken": "t1"}
    answer = desk.ask("update", body)
    now = answer["timestamp"]
    stamped = {"timestamp": now}
    assert answer == {
        "state": body["state"],
        "metadata": {"desired": {"on": stamped}, "reported": {"on": stamped, "hue": stamped}},
        "version": 1,
        "timestamp": now,
        "clientToken": "t1",
    }
    assert desk.topics() == ["update/delta", "update/documents", "update/accepted"]
    delta, documents, accepted = (body for _, body in desk.published)
    assert accepted == answer
    assert delta == {
        "version": 1,
        "timestamp": now,
        "state": {"on": True},
        "metadata": {"on": stamped},
        "clientToken": "t1",
    }
    whole = {"state": body["state"], "metadata": answer["metadata"], "version": 1}
    assert documents == {"current": whole, "timestamp": now, "clientToken": "t1"}


def test_the_delta_is_whole_and_ends_when_reported(desk: Desk) -> None:
    desk.ask("update", {"state": {"desired": {"a": 1, "b": {"c": 2}}}})
    desk.published.clear()
    desk.ask("update", {"state": {"reported": {"a": 1}}})
    assert desk.published[0][1]["state"] == {"b": {"c": 2}}
    desk.published.clear()
    desk.ask("update", {"state": {"reported": {"b": {"c": 2}}}})
    assert desk.topics() == ["update/documents", "update/accepted"]
    assert desk.published[0][1]["previous"]["version"] == 2


def test_get(desk: Desk) -> None:
    desk.ask("update", {"state": {"desired": {"a": 1}, "reported": {"b": 2}}})
    desk.published.clear()
    answer = desk.ask("get", {"clientToken": "x"})
    assert answer["state"] == {"desired": {"a": 1}, "reported": {"b": 2}, "delta": {"a": 1}}
    assert answer["metadata"].keys() == {"desired", "reported"}
    assert (answer["version"], answer["clientToken"]) == (1, "x")
    assert desk.published == [("$aws/things/lamp/shadow/get/accepted", answer)]


def test_delete_and_the_version_after_it(desk: Desk) -> None:
    desk.ask("update", {"state": {"desired": {"a": 1}}})
    assert desk.ask("delete").keys() == {"version", "timestamp"}
    assert desk.ask("get")["code"] == 404
    again = desk.ask("update", {"state": {"reported": {}}})
    assert again["version"] == 2
    assert "previous" not in desk.published[-2][1]
    assert desk.published[-1][0].endswith("update/accepted")


def test_named_shadows_are_apart(desk: Desk) -> None:
    desk.ask("update", {"state": {"desired": {"a": 1}}})
    subject = "$aws/things/lamp/shadow/name/night/update"
    payload = b'{"state": {"desired": {"a": 2}}}'
    asyncio.run(desk.service.invoke(Invocation(ARN, payload, "device", {"subject": subject})))
    assert desk.published[-1][0] == "$aws/things/lamp/shadow/name/night/update/accepted"
    assert desk.ask("get")["state"]["desired"] == {"a": 1}


@pytest.mark.parametrize(
    ("operation", "body", "code", "message"),
    [
        ("get", b"", 404, "No shadow exists with name: Unnamed Shadow"),
        ("delete", b"", 404, "No shadow exists with name: Unnamed Shadow"),
        ("update", b"", 400, "Missing update payload"),
        (
            "update",
            {"state": {"desired": {"a": "x" * 8192}}},
            413,
            "The payload exceeds the maximum size allowed",
        ),
        ("update", {"state": {}, "version": 2}, 400, "Invalid version"),
    ],
)
def test_rejections_answer_and_are_published(
    desk: Desk, operation: str, body: Any, code: int, message: str
) -> None:
    answer = desk.ask(operation, body)
    assert (answer["code"], answer["message"]) == (code, message)
    assert answer.keys() == {"code", "message", "timestamp"}
    assert desk.published == [(f"$aws/things/lamp/shadow/{operation}/rejected", answer)]


def test_a_rejected_update_carries_its_token_and_changes_nothing(desk: Desk) -> None:
    desk.ask("update", {"state": {"desired": {"a": 1}}})
    answer = desk.ask("update", {"state": {"desired": {"a": 2}}, "version": 7, "clientToken": "mine"})
    assert (answer["code"], answer["message"], answer["clientToken"]) == (409, "Version conflict", "mine")
    assert desk.ask("get")["state"]["desired"] == {"a": 1}


def test_the_size_counts_the_state_alone_in_bytes(desk: Desk) -> None:
    """`{"a":"..."}` is 8 bytes around the text; é is two in UTF-8."""
    assert desk.ask("update", {"state": {"desired": {"a": "é" * 4092}}})["version"] == 1
    assert desk.ask("update", {"state": {"desired": {"a": "é" * 4092 + "x"}}})["code"] == 413
    assert desk.ask("update", {"state": {"reported": {}}})["version"] == 2


def test_documents_survive_a_restart(tmp_path: Path) -> None:
    first = Desk(tmp_path)
    first.ask("update", {"state": {"desired": {"a": 1}}})
    first.service.close()
    second = Desk(tmp_path)
    assert second.ask("get")["version"] == 1
    second.service.close()


def test_a_thing_with_many_requests_at_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ShadowLimits(per_second=1000, in_flight=10))

    async def flood() -> list[dict[str, Any]]:
        calls = [desk.call("update", {"state": {"reported": {"n": n}}}) for n in range(12)]
        return await asyncio.gather(*calls, desk.call("update", {"state": {}}, "other"))

    answers = asyncio.run(flood())
    assert [one.get("code") for one in answers] == [None] * 10 + [429] * 2 + [None]
    assert [one["version"] for one in answers[:10]] == list(range(1, 11))
    desk.service.close()


def test_twenty_requests_a_second() -> None:
    now = 0.0
    throttle = Throttle(ShadowLimits(), lambda: now)
    for _ in range(20):
        with throttle.request("lamp"):
            pass
        now += 0.01
    with pytest.raises(ShadowRejected) as caught, throttle.request("lamp"):
        pass
    assert caught.value.code == 429
    with throttle.request("other"):
        pass
    now = 1.0
    with throttle.request("lamp"):
        pass


def test_what_is_no_request(desk: Desk) -> None:
    reply = asyncio.run(desk.service.invoke(Invocation(ARN, b"", "x", {"subject": "a/b"})))
    assert reply.error == FunctionError.UNHANDLED
    assert json.loads(reply.payload) == {"errorMessage": "'a/b' is no topic of a shadow request"}


def test_a_broken_database_is_an_internal_failure(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.service._thread.submit(desk.service._store._database.execute, "DROP TABLE shadow").result()
    answer = desk.ask("get")
    assert (answer["code"], answer["message"]) == (500, "Internal service failure")
    assert "no such table" in caplog.text
