from __future__ import annotations

import pytest

from greengrass_sim.limits import PROFILES, Limits
from greengrass_sim.runtime import link

AWS, NONE = PROFILES["aws"], PROFILES["none"]
DEEP = "a/b/c/d/e/f/g/h"


@pytest.mark.parametrize(
    ("topic", "size", "qos"),
    [
        (DEEP, 131072, 1),
        ("x" * 256, 0, 0),
        (f"$aws/rules/my_rule/{DEEP}", 0, 1),
        ("$aws/things/t/shadow/name/n/update/accepted", 0, 1),
    ],
)
def test_what_aws_iot_takes(topic: str, size: int, qos: int) -> None:
    assert AWS.of_message(topic, size, qos) is None


@pytest.mark.parametrize(
    ("topic", "size", "qos", "why", "code"),
    [
        ("t", 131073, 1, "the payload has 131073 bytes, 131072 are allowed", 0x97),
        ("ü" * 129, 0, 1, "the topic has 258 bytes, 256 are allowed", 0x90),
        (DEEP + "/i", 0, 1, "has 8 slashes, 7 are allowed", 0x90),
        (f"$aws/rules/my_rule/{DEEP}/i", 0, 1, "has 8 slashes, 7 are allowed", 0x90),
        ("t", 0, 2, "QoS 2 is not supported, at most 1 is", 0x9B),
    ],
)
def test_what_aws_iot_refuses(topic: str, size: int, qos: int, why: str, code: int) -> None:
    breach = AWS.of_message(topic, size, qos)
    assert breach is not None
    assert why in breach.reason
    assert breach.code == code
    assert NONE.of_message(topic, size, qos) is None


@pytest.mark.parametrize(
    ("filters", "held", "why"),
    [
        ([("a", 1)] * 9, 0, "9 filters in one SUBSCRIBE, 8 are allowed"),
        ([("a", 1)], 50, "more than 50 subscriptions of one connection"),
        ([("a", 1), ("b", 2)], 0, "QoS 2 is not supported"),
        ([(DEEP + "/#", 1)], 0, "has 8 slashes"),
    ],
)
def test_subscriptions_that_are_refused(filters: list[tuple[str, int]], held: int, why: str) -> None:
    breach = AWS.of_subscription(filters, held)
    assert breach is not None
    assert why in breach.reason
    assert NONE.of_subscription(filters, held) is None


def test_subscriptions_that_are_taken() -> None:
    assert AWS.of_subscription([(f"$share/group/{DEEP}", 1)] * 8, 42) is None


def test_one_limit_of_our_own() -> None:
    assert Limits(payload=10).of_message("t", 11) is not None


def test_workers_know_what_aws_allows_in_any_case() -> None:
    limits = Limits()
    assert (
        limits.payload,
        limits.topic,
        limits.slashes,
    ) == (link.SURE_PAYLOAD, link.SURE_TOPIC, link.SURE_SLASHES)
