from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group.schema import OWN, PRIVATE, TEMPLATE, decode, json_name


@dataclass(frozen=True)
class Inner:
    s3_uri: str
    level: Literal["low", "high"] = "low"


@dataclass(frozen=True)
class Outer:
    count: int
    ready: bool = False
    rows: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    names: dict[str, str] = field(default_factory=dict)
    arn: str = field(default="", metadata={"name": "ARN"})


def test_names_are_spelt_as_in_the_api() -> None:
    assert [json_name(name) for name in ("s3_uri", "id", "sage_maker_job_arn")] == [
        "S3Uri",
        "Id",
        "SageMakerJobArn",
    ]


def test_a_document_becomes_frozen_objects() -> None:
    value = {
        "Count": 1,
        "Rows": [{"S3Uri": "a"}],
        "Maybe": {"S3Uri": "b", "Level": "high"},
        "Names": {"A": "1"},
        "ARN": "arn",
    }
    assert decode(Outer, value) == Outer(1, False, (Inner("a"),), Inner("b", "high"), {"A": "1"}, "arn")


@pytest.mark.parametrize(
    ("value", "path", "problem"),
    [
        ([], "$", "must be an object, not a list"),
        ({}, "$", "the field 'Count' is missing"),
        ({"Count": True}, "$.Count", "must be a whole number, not true"),
        ({"Count": "1"}, "$.Count", 'must be a whole number, not "1"'),
        ({"Count": 1.5}, "$.Count", "must be a whole number, not 1.5"),
        ({"Count": 1, "Ready": "true"}, "$.Ready", 'must be true or false, not "true"'),
        ({"Count": 1, "Redy": True}, "$.Redy", "did you mean 'Ready'?"),
        ({"Count": 1, "Rows": {}}, "$.Rows", "must be a list, not an object"),
        ({"Count": 1, "Rows": [{"S3Uri": "a"}, {}]}, "$.Rows[1]", "'S3Uri' is missing"),
        ({"Count": 1, "Rows": [{"S3Uri": None}]}, "$.Rows[0].S3Uri", "must be a string, not null"),
        ({"Count": 1, "Maybe": {"S3Uri": "", "Level": "hihg"}}, "$.Maybe.Level", "did you mean 'high'?"),
        ({"Count": 1, "Maybe": {"S3Uri": "", "Level": []}}, "$.Maybe.Level", "must be one of 'low', 'high'"),
        ({"Count": 1, "Names": {"A": 1}}, "$.Names.A", "must be a string, not 1"),
    ],
)
def test_a_misfit_is_named_by_its_path(value: Any, path: str, problem: str) -> None:
    with pytest.raises(GroupError) as caught:
        decode(Outer, value)
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_every_misfit_is_told() -> None:
    value = {"Count": "1", "Rows": [{"S3Uri": 2}, {}], "Names": {"A": 1, "B": 2}, "Redy": True}
    with pytest.raises(GroupError) as caught:
        decode(Outer, value)
    assert [path for path, _ in caught.value.problems] == [
        "$.Redy",
        "$.Count",
        "$.Rows[0].S3Uri",
        "$.Rows[1]",
        "$.Names.A",
        "$.Names.B",
    ]
    assert str(caught.value).startswith("6 problems\n  $.Redy: unknown field")


def test_a_template_may_give_all_as_strings() -> None:
    value = {"Count": "10", "Ready": "True", "Names": {"A": 1, "B": True}, "Rows": [{"S3Uri": 2}]}
    expected = Outer(10, True, (Inner("2"),), names={"A": "1", "B": "true"})
    assert decode(Outer, value, "$", TEMPLATE) == expected


@pytest.mark.parametrize("value", [{"Count": "1.5"}, {"Count": "x"}, {"Count": True}, {"Count": "٣"}])
def test_a_template_s_strings_must_still_fit(value: Any) -> None:
    with pytest.raises(GroupError, match=r"\$\.Count: must be a whole number"):
        decode(Outer, value, "$", TEMPLATE)


def test_our_own_format_uses_the_names_of_the_fields() -> None:
    assert decode(Outer, {"count": 1, "rows": [{"s3_uri": "a"}]}, "$", OWN) == Outer(1, rows=(Inner("a"),))


def test_a_private_value_is_not_shown() -> None:
    with pytest.raises(GroupError) as caught:
        decode(dict[str, Inner], {"a": {"s3_uri": 4711}}, "$", PRIVATE)
    assert str(caught.value) == "$.a.s3_uri: must be a string"
