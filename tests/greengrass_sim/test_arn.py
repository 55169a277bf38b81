from __future__ import annotations

import pytest

from greengrass_sim.arn import LambdaArn, ThingArn, parse_lambda, parse_thing


def test_a_function_arn_has_parts() -> None:
    arn = parse_lambda("arn:aws:lambda:us-west-2:123456789012:function:My_fn-1:live")
    assert arn == LambdaArn("us-west-2", "123456789012", "My_fn-1", "live")


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("arn:aws:lambda:us-west-2:123456789012:function:f", "version or an alias"),
        ("arn:aws:lambda:us-west-2:123456789012:function:f:$LATEST", "not allowed"),
        ("arn:aws:iot:us-west-2:123456789012:thing/f", "must look like"),
        ("f", "must look like"),
    ],
)
def test_a_bad_function_arn_says_why(bad: str, why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("$", r"\$")):
        parse_lambda(bad)


def test_a_thing_arn_has_parts() -> None:
    assert parse_thing("arn:aws-cn:iot:cn-north-1:1:thing/a:b-c") == ThingArn("cn-north-1", "1", "a:b-c")
    with pytest.raises(ValueError, match="thing/NAME"):
        parse_thing("arn:aws:iot:us-west-2:1:cert/x")
