from __future__ import annotations

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group.jsontext import parse_json


def test_documents_may_follow_one_another() -> None:
    assert parse_json(' {"a": 1}\n[2]{"b": 3}\n') == [{"a": 1}, [2], {"b": 3}]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1,}', "line 1, column"),
        ("", "not JSON"),
        ("{} x", "line 1, column 4"),
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ("[" * 200_000, "nested too deeply"),
    ],
)
def test_a_text_that_is_not_one_json_document(text: str, problem: str) -> None:
    with pytest.raises(GroupError) as caught:
        parse_json(text)
    assert problem in str(caught.value)
