"""Amazon resource names of Lambda functions and things, as far as a group file needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LAMBDA = re.compile(r"arn:aws[\w-]*:lambda:([\w-]*):(\d*|aws):function:([\w-]+):([\w$-]+)")
_THING = re.compile(r"arn:aws[\w-]*:iot:([\w-]*):(\d*):thing/([\w:-]{1,128})")


@dataclass(frozen=True)
class LambdaArn:
    """A qualified function ARN; `qualifier` is a version number or an alias, never `$LATEST`."""

    region: str
    account: str
    name: str
    qualifier: str


@dataclass(frozen=True)
class ThingArn:
    """The ARN of a core or of a device; `name` is the thing's name."""

    region: str
    account: str
    name: str


def parse_lambda(arn: str) -> LambdaArn:
    """The parts of a function ARN; ValueError says what is wrong with it."""
    match = _LAMBDA.fullmatch(arn)
    if match is None:
        raise ValueError(
            "must look like 'arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION', with a version or an alias"
        )
    if match[4] == "$LATEST":
        raise ValueError("must name a version or an alias, $LATEST is not allowed")
    return LambdaArn(match[1], match[2], match[3], match[4])


def parse_thing(arn: str) -> ThingArn:
    """The parts of a thing ARN; ValueError says what is wrong with it."""
    match = _THING.fullmatch(arn)
    if match is None:
        raise ValueError("must look like 'arn:aws:iot:REGION:ACCOUNT:thing/NAME'")
    return ThingArn(match[1], match[2], match[3])
