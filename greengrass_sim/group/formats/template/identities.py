"""The names and ARNs that a template's resources would have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.template.intrinsics import NO_VALUE, Resolver

LAMBDAS = ("AWS::Lambda::Function", "AWS::Serverless::Function")
_NAMES = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::IoT::Thing": "ThingName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::IAM::Role": "RoleName",
}
_GREENGRASS = "AWS::Greengrass::"


class StackIdentities:
    """A resource is called what its properties say, or as in the template; function versions count from 1."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._stack = resolver.stack
        self._open: list[str] = []
        self._references: dict[str, Callable[[str], str]] = {
            "AWS::Lambda::Version": self._version_arn,
            "AWS::Lambda::Alias": self._alias_arn,
            "AWS::SecretsManager::Secret": self._arn,
        }

    def reference(self, name: str, path: str) -> str:
        """What `Ref` gives: a name, or an ARN where CloudFormation gives that."""
        owner, _, part = name.partition(".")
        if part:  # the version and the alias that serverless functions make by themselves
            alias = self.property(owner, "AutoPublishAlias")
            return f"{self._arn(owner)}:{alias if part == 'Alias' and alias else 1}"
        kind = self.kind(name)
        if kind.startswith(_GREENGRASS) and kind.endswith("Version"):
            return self._guarded(name, path, self.definition_version_arn)
        return self._guarded(name, path, self._references.get(kind, self.name))

    def attribute(self, name: str, attribute: str, path: str) -> str:
        """What `Fn::GetAtt` gives; what only AWS knows reads `NAME.ATTRIBUTE`."""
        kind = self.kind(name)
        if attribute in ("Arn", "ARN") and kind in _NAMES:
            return self._guarded(name, path, self._arn)
        if attribute == "Version" and kind == "AWS::Lambda::Version":
            return self._guarded(name, path, lambda own: self._version_arn(own).rpartition(":")[2])
        if attribute == "LatestVersionArn" and kind.startswith(_GREENGRASS):
            return self._guarded(name, path, self.latest_version_arn)
        return f"{name}.{attribute}"

    def kind(self, name: str) -> str:
        """The type of a resource."""
        return str(self._stack.section("Resources")[name].get("Type", ""))

    def property(self, name: str, field: str) -> Any:
        """A property of a resource, computed; None where it is not given."""
        properties = self._stack.section("Resources")[name].get("Properties") or {}
        value = properties.get(field)
        found = self._resolver.resolve(value, f"$.Resources.{name}.Properties.{field}")
        return None if found is NO_VALUE else found

    def name(self, name: str) -> str:
        """What the resource is called outside the template."""
        given = self.property(name, _NAMES[self.kind(name)]) if self.kind(name) in _NAMES else None
        return str(given or name)

    def definition_version_arn(self, name: str) -> str:
        """The ARN of a Greengrass definition version (or of the first version of a definition)."""
        kind = self.kind(name).removeprefix(_GREENGRASS).removesuffix("Version").removesuffix("Definition")
        return self._stack.arn("greengrass", f"/greengrass/definition/{kind.lower()}s/{name}/versions/{name}")

    def latest_version_arn(self, name: str) -> str:
        """The ARN of the last version that the template makes of the definition `name`."""
        kind = self.kind(name)
        field = f"{kind.removeprefix(_GREENGRASS)}Id"
        versions = [
            other
            for other in self._stack.section("Resources")
            if self.kind(other) == f"{kind}Version" and self.property(other, field) == name
        ]
        return self.definition_version_arn(versions[-1] if versions else name)

    def _guarded(self, name: str, path: str, call: Callable[[str], str]) -> str:
        if name in self._open:
            raise GroupError(path, f"{' -> '.join([*self._open, name])} refer to one another in a circle")
        self._open.append(name)
        try:
            return call(name)
        finally:
            self._open.pop()

    def _arn(self, name: str) -> str:
        service, rest = {
            "AWS::Lambda::Function": ("lambda", "function:"),
            "AWS::Serverless::Function": ("lambda", "function:"),
            "AWS::IoT::Thing": ("iot", "thing/"),
            "AWS::SecretsManager::Secret": ("secretsmanager", "secret:"),
        }.get(self.kind(name), (self.kind(name).split("::")[1].lower(), ""))
        return self._stack.arn(service, rest + self.name(name))

    def _function_arn(self, name: str) -> str:
        """The ARN of the function that a version or an alias belongs to."""
        function = str(self.property(name, "FunctionName"))
        return function if function.startswith("arn:") else self._stack.arn("lambda", f"function:{function}")

    def _version_arn(self, name: str) -> str:
        own = self._function_arn(name)
        versions = [
            other for other in self._stack.section("Resources") if self.kind(other) == self.kind(name)
        ]
        numbers = [other for other in versions if self._function_arn(other) == own]
        return f"{own}:{numbers.index(name) + 1}"

    def _alias_arn(self, name: str) -> str:
        return f"{self._function_arn(name)}:{self.property(name, 'Name')}"
