"""The group of a CloudFormation template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.draft import LISTS, Draft, Places
from greengrass_sim.group.formats.template.identities import StackIdentities
from greengrass_sim.group.formats.template.intrinsics import NO_VALUE, Resolver
from greengrass_sim.group.formats.template.lambdas import lambda_fields
from greengrass_sim.group.formats.template.stack import Stack
from greengrass_sim.group.model import DEFAULT_MEMORY_KB
from greengrass_sim.group.problems import Problems
from greengrass_sim.group.schema import TEMPLATE
from greengrass_sim.topics import did_you_mean

_KINDS = {f"AWS::Greengrass::{name.removesuffix('s')}Definition": name for name in LISTS}
_GROUP, _GROUP_VERSION = "AWS::Greengrass::Group", "AWS::Greengrass::GroupVersion"


def read_template(template: Mapping[str, Any], given: Mapping[str, str], name: str) -> Draft:
    """The group that a stack of the name `name` would make of the template.

    `given` holds values of parameters. Raises GroupError for what cannot be computed without AWS.
    """
    return _Reader(Stack(template, given, name)).read()


class _Reader:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._resolver = Resolver(stack)
        self._identities = self._resolver.identities = StackIdentities(self._resolver)
        self._document: dict[str, Any] = {}
        self._rows: dict[str, str] = {}

    def read(self) -> Draft:
        problems = Problems()
        unknown = [name for name in self._stack.given if name not in self._known()]
        for name in unknown:
            problems.add("$.Parameters", f"no parameter {name!r}{did_you_mean(name, self._known())}")
        problems.attempt(self._drop_by_condition)
        problems.raise_any()
        wanted = self._wanted()
        for name in self._resources():
            problems.attempt(self._definition, name, wanted)
        problems.raise_any()
        for number, row in enumerate(self._document.get("Functions", [])):
            problems.attempt(self._add_code, number, row)
        problems.raise_any()
        return Draft(self._document, Places(self._rows), TEMPLATE, DEFAULT_MEMORY_KB)

    def _known(self) -> set[str]:
        return {*self._stack.section("Parameters"), *self._stack.pseudo}

    def _resources(self) -> dict[str, Any]:
        return self._stack.section("Resources")

    def _drop_by_condition(self) -> None:
        resources = self._resources()
        for name, row in list(resources.items()):
            if not isinstance(row, dict) or not isinstance(row.get("Properties") or {}, dict):
                raise GroupError(f"$.Resources.{name}", "must be an object with properties")
            condition = row.get("Condition")
            if condition and not self._resolver.holds(str(condition), f"$.Resources.{name}.Condition"):
                del resources[name]

    def _wanted(self) -> set[str] | None:
        """The ARNs of the definition versions that the group consists of; None when the template has none."""
        groups = [name for name in self._resources() if self._identities.kind(name) == _GROUP]
        versions = [name for name in self._resources() if self._identities.kind(name) == _GROUP_VERSION]
        if len(groups) > 1 or len(versions) > 1:
            raise GroupError(
                "$.Resources", f"holds several groups: {', '.join(groups or versions)}; leave one"
            )
        body: Any = None
        for name in groups:
            self._document["Name"] = str(self._identities.property(name, "Name") or name)
            body, path = self._identities.property(name, "InitialVersion"), f"$.Resources.{name}"
        for name in versions:
            path = f"$.Resources.{name}"
            body = self._resolver.resolve(self._resources()[name].get("Properties"), f"{path}.Properties")
        if not isinstance(body, dict):
            return None
        wanted = {str(value) for field, value in body.items() if field.endswith("VersionArn")}
        if missing := sorted(wanted - self._made()):
            raise GroupError(path, f"the group names {missing[0]}, which this template does not make")
        return wanted

    def _made(self) -> set[str]:
        kinds = {*_KINDS, *(f"{kind}Version" for kind in _KINDS)}
        return {
            self._identities.definition_version_arn(name)
            for name in self._resources()
            if self._identities.kind(name) in kinds
        }

    def _definition(self, name: str, wanted: set[str] | None) -> None:
        kind = self._identities.kind(name)
        listed = _KINDS.get(kind) or _KINDS.get(kind.removesuffix("Version"))
        if listed is None or (
            wanted is not None and self._identities.definition_version_arn(name) not in wanted
        ):
            return
        path = f"$.Resources.{name}.Properties"
        body = self._resources()[name].get("Properties") or {}
        if kind in _KINDS:
            body, path = body.get("InitialVersion") or {}, f"{path}.InitialVersion"
        if config := body.get("DefaultConfig"):
            self._document["DefaultConfig"] = self._resolver.resolve(config, f"{path}.DefaultConfig")
            self._rows["$.DefaultConfig"] = f"{path}.DefaultConfig"
        self._take(listed, body.get(listed, []), f"{path}.{listed}")

    def _take(self, listed: str, value: Any, path: str) -> None:
        """Row by row, so that places stay right where a row is left out."""
        given = value if isinstance(value, list) else self._resolver.resolve(value, path)
        if not isinstance(given, list):
            raise GroupError(path, "must be a list")
        target, problems = self._document.setdefault(listed, []), Problems()
        for number, row in enumerate(given):
            found = problems.attempt(self._resolver.resolve, row, f"{path}[{number}]")
            if found is not NO_VALUE:
                self._rows[f"$.{listed}[{len(target)}]"] = f"{path}[{number}]"
                target.append(found)
        problems.raise_any()

    def _add_code(self, number: int, row: Any) -> None:
        if isinstance(row, dict):
            extra = lambda_fields(self._stack, self._identities, str(row.get("FunctionArn", "")))
            self._document["Functions"][number] = {**extra, **row}
