from __future__ import annotations

import pytest

from greengrass_sim.broker.url import BrokerUrl
from greengrass_sim.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("mqtt://host", BrokerUrl("mqtt", "host", 1883), "mqtt://host:1883"),
        ("mqtts://host/", BrokerUrl("mqtts", "host", 8883), "mqtts://host:8883"),
        ("mqtt://u%40x:p%2F@h:99", BrokerUrl("mqtt", "h", 99, "u@x", "p/"), "mqtt://h:99"),
        ("mqtt://[::1]:1884", BrokerUrl("mqtt", "::1", 1884), "mqtt://[::1]:1884"),
    ],
)
def test_parts(text: str, expected: BrokerUrl, shown: str) -> None:
    assert BrokerUrl.parse(text) == expected
    assert str(expected) == shown


def test_tls_and_no_password_in_messages() -> None:
    url = BrokerUrl.parse("mqtts://u:secret@h")
    assert url.tls
    assert not BrokerUrl.parse("mqtt://h").tls
    assert "secret" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tcp://host", "must start with mqtt://"),
        ("mqt://host", "did you mean 'mqtt://'?"),
        ("mqtt://", "must look like"),
        ("mqtt://host/path", "must look like"),
        ("mqtt://host:99999", "Port out of range"),
        ("mqtt://host:x", "no broker URL"),
        ("mqtt://a..b", "label empty or too long"),
    ],
)
def test_what_is_no_url(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why.replace("?", r"\?")):
        BrokerUrl.parse(text)
