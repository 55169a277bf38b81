from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greengrass_sim.topics import covers, filter_problem, matches, minimal_cover, name_problem

LEVELS = st.lists(st.sampled_from(["a", "b", "", "$sys"]), min_size=1, max_size=4)
FILTERS = st.lists(st.sampled_from(["a", "b", "", "+", "$sys"]), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/B", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("a/+", "a/b/c", False),
        ("+/b", "/b", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("#", "a/b", True),
        ("#", "$aws/things", False),
        ("+/things", "$aws/things", False),
        ("$aws/#", "$aws/things", True),
        ("a//b", "a//b", True),
        ("+", "a/b", False),
    ],
)
def test_matches(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected


@pytest.mark.parametrize("bad", ["", "a/#/b", "a#", "a+/b", "a/b+", "a\0b", "x" * 65536])
def test_a_bad_filter_has_a_problem(bad: str) -> None:
    assert filter_problem(bad)


@pytest.mark.parametrize("good", ["#", "+", "a/+/#", "/", "a//b", "$aws/+/x"])
def test_a_good_filter_has_none(good: str) -> None:
    assert filter_problem(good) is None


@pytest.mark.parametrize("bad", ["", "a/+", "#", "a\0"])
def test_a_bad_topic_name_has_a_problem(bad: str) -> None:
    assert name_problem(bad)


@given(wide=FILTERS, narrow=FILTERS, wide_tail=st.booleans(), narrow_tail=st.booleans(), topic=LEVELS)
def test_what_covers_a_filter_matches_all_of_its_topics(
    wide: list[str], narrow: list[str], wide_tail: bool, narrow_tail: bool, topic: list[str]
) -> None:
    first = "/".join(wide + ["#"] * wide_tail)
    second = "/".join(narrow + ["#"] * narrow_tail)
    name = "/".join(topic)
    if name and covers(first, second) and matches(second, name):
        assert matches(first, name)


def test_minimal_cover_leaves_out_what_another_filter_covers() -> None:
    assert minimal_cover(["a/b", "a/#", "a/+", "b", "b", "c/+", "$aws/x"]) == ["$aws/x", "a/#", "b", "c/+"]
    assert minimal_cover(["#", "$aws/x", "a"]) == ["#", "$aws/x"]
