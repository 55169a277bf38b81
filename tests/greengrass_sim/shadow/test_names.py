from __future__ import annotations

import pytest

from greengrass_sim.shadow.errors import ShadowRejected
from greengrass_sim.shadow.names import ShadowName, check_name, parse_topic


@pytest.mark.parametrize("operation", ["get", "update", "delete"])
@pytest.mark.parametrize("shadow", [ShadowName("lamp"), ShadowName("lamp", "night:1")])
def test_topics_lead_back_to_their_shadow(shadow: ShadowName, operation: str) -> None:
    assert parse_topic(shadow.topic(operation)) == (shadow, operation)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "$aws/things/lamp/shadow",
        "$aws/things/lamp/shadow/list",
        "$aws/things/lamp/shadow/update/accepted",
        "$aws/things/lamp/shadow/name//get",
        "$aws/things/lamp/shadow/name/get",
        "aws/things/lamp/shadow/get",
        "$aws/things/lamp/jobs/get",
    ],
)
def test_other_topics(topic: str) -> None:
    assert parse_topic(topic) is None


@pytest.mark.parametrize(
    ("shadow", "message"),
    [
        (ShadowName(""), "ThingName is missing"),
        (ShadowName("x" * 129), "ThingName has a maximum length of 128"),
        (ShadowName("a b"), "ThingName must match pattern"),
        (ShadowName("x", "y" * 65), "ShadowName has a maximum length of 64"),
        (ShadowName("x", "ü"), "ShadowName must match pattern"),
    ],
)
def test_bad_names(shadow: ShadowName, message: str) -> None:
    with pytest.raises(ShadowRejected, match=message) as caught:
        check_name(shadow)
    assert caught.value.code == 400


def test_longest_names() -> None:
    check_name(ShadowName("x" * 128, "y" * 64))
