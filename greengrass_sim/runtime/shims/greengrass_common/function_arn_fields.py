"""The parts of a function's ARN."""

from __future__ import annotations

import re

_ARN = re.compile(r"arn:[\w-]+:lambda:([\w-]*):(\w*):function:([\w-]+)(?::([\w$-]+))?")


class FunctionArnFields:
    """`region`, `account_id`, `name` and `qualifier` (empty without one); ValueError for anything else."""

    def __init__(self, function_arn_string: str) -> None:
        match = _ARN.fullmatch(function_arn_string)
        if match is None:
            raise ValueError(f"Cannot parse given string as a function ARN: {function_arn_string}")
        self.region, self.account_id, self.name = match.group(1, 2, 3)
        self.qualifier = match.group(4) or ""
        self.unqualified_arn = function_arn_string[: match.end(3)]

    @staticmethod
    def build_function_arn(unqualified_arn: str, qualifier: str | None) -> str:
        return f"{unqualified_arn}:{qualifier}" if qualifier else unqualified_arn

    @staticmethod
    def build_arn_string(region: str, account_id: str, name: str, qualifier: str | None) -> str:
        """For SDKs older than 1.4."""
        arn = f"arn:aws:lambda:{region}:{account_id}:function:{name}"
        return FunctionArnFields.build_function_arn(arn, qualifier)

    def to_arn_string(self) -> str:
        return self.build_function_arn(self.unqualified_arn, self.qualifier)
