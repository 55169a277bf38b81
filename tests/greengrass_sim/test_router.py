from __future__ import annotations

import pytest

from greengrass_sim.group import Subscription
from greengrass_sim.router import CACHED_TOPICS, Router


def make_router(*rows: tuple[str, str, str]) -> Router:
    return Router(Subscription(str(number), *row) for number, row in enumerate(rows))


def test_a_message_reaches_only_where_a_subscription_leads() -> None:
    router = make_router(("cloud", "in/+", "f"), ("f", "out", "cloud"))
    assert router.targets("cloud", "in/a") == ("f",)
    assert router.targets("cloud", "in/a/b") == ()
    assert router.targets("cloud", "out") == ()  # a subscription leads one way
    assert router.targets("f", "out") == ("cloud",)
    assert router.targets("f", "in/a") == ()
    assert router.targets("someone else", "out") == ()


def test_a_message_fans_out_once_to_each_target() -> None:
    router = make_router(("d", "#", "f"), ("d", "a/+", "g"), ("d", "a/b", "f"), ("d", "a/b", "cloud"))
    assert router.targets("d", "a/b") == ("f", "g", "cloud")
    assert [row.id for row in router.matching("d", "a/b")] == ["0", "1", "2", "3"]
    assert router.targets("d", "x") == ("f",)


def test_a_refusal_says_why() -> None:
    router = make_router(("f", "out/#", "cloud"))
    assert router.refusal("f", "out/x") is None
    assert router.refusal("f", "in") == "No subscription exists for the source f and subject in"
    assert "wildcards" in str(router.refusal("f", "out/+"))


def test_filters_of_a_pair() -> None:
    router = make_router(("cloud", "a", "f"), ("cloud", "b/#", "f"), ("cloud", "c", "g"))
    assert router.filters("cloud", "f") == ["a", "b/#"]
    assert router.filters("g", "cloud") == []


@pytest.mark.parametrize("topic", ["in/1", "in/nobody"])
def test_remembered_answers_do_not_grow_without_end(topic: str) -> None:
    router = make_router(("cloud", "in/1", "f"))
    first = router.targets("cloud", topic)
    for number in range(CACHED_TOPICS + 10):
        router.targets("cloud", f"other/{number}")
    assert router.targets("cloud", topic) == first
    assert len(router._remembered) <= CACHED_TOPICS
