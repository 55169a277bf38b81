"""What the service refuses, with AWS's codes and texts."""

from __future__ import annotations

from typing import Any

import pytest

from greengrass_sim.shadow.document import Document
from greengrass_sim.shadow.errors import ShadowRejected
from greengrass_sim.shadow.request import UpdateRequest, client_token, parse_update, read_body


def nested(depth: int) -> dict[str, Any]:
    tree: dict[str, Any] = {"x": 1}
    for _ in range(depth - 1):
        tree = {"k": tree}
    return tree


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required node: state"),
        ({"state": []}, "State node must be an object"),
        ({"state": 1}, "State node must be an object"),
        ({"state": {"desired": 1}}, "Desired node must be an object"),
        ({"state": {"reported": []}}, "Reported node must be an object"),
        ({"state": {"other": {}}}, "State contains an invalid node: 'other'"),
        ({"state": {"desired": {"a": [1, None]}}}, "State contains an invalid node: 'a'"),
        ({"state": {"desired": nested(7)}}, "JSON contains too many levels of nesting; maximum is 6"),
        (
            {"state": {"reported": {"a": [[[[[[1]]]]]]}}},
            "JSON contains too many levels of nesting; maximum is 6",
        ),
        ({"state": {}, "version": "1"}, "Invalid version"),
        ({"state": {}, "version": -1}, "Invalid version"),
        ({"state": {}, "version": 1.5}, "Invalid version"),
        ({"state": {}, "version": True}, "Invalid version"),
    ],
)
def test_refused(body: dict[str, Any], message: str) -> None:
    with pytest.raises(ShadowRejected) as caught:
        parse_update(body)
    assert (caught.value.code, caught.value.message) == (400, message)


def test_six_levels_are_taken_and_the_delta_is_left_out() -> None:
    state = {"desired": nested(6), "reported": None, "delta": {"x": 2}}
    assert parse_update({"state": state}) == UpdateRequest({"desired": nested(6), "reported": None})
    assert parse_update({"state": None, "version": 3}) == UpdateRequest(None, 3)


@pytest.mark.parametrize("payload", [b"{", b"[1]", b'"x"', b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_no_json_object(payload: bytes) -> None:
    with pytest.raises(ShadowRejected, match="Invalid JSON: ") as caught:
        read_body(payload)
    assert caught.value.code == 400


def test_deep_json_is_rejected_and_not_a_crash() -> None:
    deep = b'{"k":' * 500 + b"1" + b"}" * 500
    with pytest.raises(ShadowRejected, match="too many levels"):
        parse_update(read_body(b'{"state": {"desired": %s}}' % deep))


@pytest.mark.parametrize("token", [1, None, {}, "x" * 65])
def test_a_bad_client_token(token: Any) -> None:
    with pytest.raises(ShadowRejected, match="Invalid clientToken"):
        client_token({"clientToken": token})


def test_a_client_token() -> None:
    assert client_token({}) is None
    assert client_token({"clientToken": "x" * 64}) == "x" * 64


@pytest.mark.parametrize(
    ("given", "current", "code"),
    [(None, 0, 0), (None, 9, 0), (1, 0, 0), (2, 0, 400), (9, 9, 0), (8, 9, 409), (10, 9, 409)],
)
def test_versions(given: int | None, current: int, code: int) -> None:
    request = UpdateRequest({}, given)
    if not code:
        request.check_version(Document(version=current))
        return
    with pytest.raises(ShadowRejected) as caught:
        request.check_version(Document(version=current))
    assert caught.value.code == code
