"""A template as a stack: values for its parameters, and which of its resources would be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.own_fields import ACCOUNT, REGION

_LISTS = ("CommaDelimitedList", "List<")
_STORED = "AWS::SSM::Parameter::"


@dataclass(frozen=True)
class Stack:
    """`given` are values of parameters by name, also of `AWS::Region`, `AWS::AccountId` and the like."""

    template: Mapping[str, Any]
    given: Mapping[str, str]
    name: str

    def section(self, name: str) -> dict[str, Any]:
        """One of the template's tables, empty where it has none."""
        table = self.template.get(name) or {}
        if not isinstance(table, dict):
            raise GroupError(f"$.{name}", "must be an object")
        return table

    @property
    def pseudo(self) -> dict[str, Any]:
        """The parameters that templates do not declare."""
        region, account = self.given.get("AWS::Region", REGION), self.given.get("AWS::AccountId", ACCOUNT)
        defaults = {
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::StackName": self.name,
            "AWS::StackId": f"arn:aws:cloudformation:{region}:{account}:stack/{self.name}/0",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
        }
        return {**defaults, **{name: self.given[name] for name in defaults if name in self.given}}

    def parameter(self, name: str, path: str) -> Any:
        """The value of a declared parameter; GroupError when it has none."""
        declared = self.section("Parameters")[name]
        kind = str(declared.get("Type", "String"))
        # The default of a stored parameter is the name under which AWS stores it, not the value.
        default = None if kind.startswith(_STORED) else declared.get("Default")
        value = self.given.get(name, default)
        if value is None:
            raise GroupError(path, f"the parameter {name} has no value: --parameter {name}=VALUE")
        return [part.strip() for part in str(value).split(",")] if kind.startswith(_LISTS) else value

    def arn(self, service: str, rest: str) -> str:
        """An ARN in the stack's region and account."""
        own = self.pseudo
        return f"arn:{own['AWS::Partition']}:{service}:{own['AWS::Region']}:{own['AWS::AccountId']}:{rest}"
