"""CloudFormation's intrinsic functions and conditions."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any, Protocol

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.template.stack import Stack
from greengrass_sim.topics import did_you_mean

NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class Identities(Protocol):
    """What resources are called once they exist."""

    def reference(self, name: str, path: str) -> str:
        """What `Ref` gives for the resource `name`."""

    def attribute(self, name: str, attribute: str, path: str) -> str:
        """What `Fn::GetAtt` gives."""


class Resolver:
    """Computes values; raises GroupError with the path for what cannot be computed without AWS."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.identities: Identities | None = None
        self._functions: dict[str, Callable[[Any, str], Any]] = {
            "Ref": self._ref,
            "Condition": self._condition,
            "Fn::And": lambda value, path: all(self._list(value, path)),
            "Fn::Base64": lambda value, path: base64.b64encode(self._text(value, path).encode()).decode(),
            "Fn::Equals": self._equals,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Not": lambda value, path: not self._list(value, path)[0],
            "Fn::Or": lambda value, path: any(self._list(value, path)),
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def resolve(self, value: Any, path: str) -> Any:
        """`value` with all functions computed; what is `AWS::NoValue` is left out."""
        if isinstance(value, list):
            rows = [self.resolve(row, f"{path}[{number}]") for number, row in enumerate(value)]
            return [row for row in rows if row is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in self._functions and (name != "Condition" or isinstance(argument, str)):
                return self._functions[name](argument, f"{path}.{name}")
            if str(name).startswith("Fn::"):
                raise GroupError(path, f"{name} cannot be computed without AWS: write its value here")
        table = {name: self.resolve(item, f"{path}.{name}") for name, item in value.items()}
        return {name: item for name, item in table.items() if item is not NO_VALUE}

    def holds(self, condition: str, path: str) -> bool:
        """Whether a condition of the template is met."""
        conditions = self.stack.section("Conditions")
        if condition not in conditions:
            raise GroupError(path, f"no condition {condition!r}{did_you_mean(condition, conditions)}")
        return bool(self.resolve(conditions[condition], f"$.Conditions.{condition}"))

    def _condition(self, value: Any, path: str) -> bool:
        return self.holds(value, path)

    def _ref(self, value: Any, path: str) -> Any:
        name = self._text(value, path)
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.stack.pseudo:
            return self.stack.pseudo[name]
        if name in self.stack.section("Parameters"):
            return self.stack.parameter(name, path)
        self._known(name, path)
        assert self.identities is not None
        return self.identities.reference(name, path)

    def _get_att(self, value: Any, path: str) -> str:
        parts = value.split(".", 1) if isinstance(value, str) else self._list(value, path)
        if len(parts) != 2:
            raise GroupError(path, "must name a resource and an attribute")
        self._known(parts[0], path)
        assert self.identities is not None
        return self.identities.attribute(str(parts[0]), str(parts[1]), path)

    def _known(self, name: str, path: str) -> None:
        resources = self.stack.section("Resources")
        if name not in resources and name.partition(".")[0] not in resources:
            known = {*resources, *self.stack.section("Parameters"), *self.stack.pseudo}
            raise GroupError(
                path, f"no parameter and no resource {name!r}{did_you_mean(name.partition('.')[0], known)}"
            )

    def _sub(self, value: Any, path: str) -> str:
        text, table = (value, {}) if isinstance(value, str) else self._pair(value, path)
        given = self.resolve(table, path)

        def replaced(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return str(given[name])
            known = {*self.stack.pseudo, *self.stack.section("Parameters"), *self.stack.section("Resources")}
            plain = name in known or "." not in name
            return str(self._ref(name, path) if plain else self._get_att(name, path))

        return _PLACEHOLDER.sub(replaced, self._text(text, path))

    def _join(self, value: Any, path: str) -> str:
        separator, parts = self._pair(value, path)
        return str(separator).join(str(part) for part in self._list(parts, path))

    def _split(self, value: Any, path: str) -> list[str]:
        separator, text = self._pair(value, path)
        return self._text(text, path).split(str(separator))

    def _select(self, value: Any, path: str) -> Any:
        index, parts = self._pair(value, path)
        rows = self._list(parts, path)
        number = int(str(index)) if str(index).isdecimal() else len(rows)
        if number >= len(rows):
            raise GroupError(path, f"there is no part {index} of {len(rows)}")
        return rows[number]

    def _equals(self, value: Any, path: str) -> bool:
        one, other = self._list(value, path)
        return str(one) == str(other)

    def _if(self, value: Any, path: str) -> Any:
        if not (isinstance(value, list) and len(value) == 3):
            raise GroupError(path, "must be a list of a condition and two values")
        return self.resolve(value[1 if self.holds(str(value[0]), path) else 2], path)

    def _find_in_map(self, value: Any, path: str) -> Any:
        names = [str(name) for name in self._list(value, path)]
        found: Any = self.stack.section("Mappings")
        for name in names[:3]:
            if not isinstance(found, dict) or name not in found:
                raise GroupError(path, f"the template's mappings hold no {' / '.join(names)}")
            found = found[name]
        return found

    def _pair(self, value: Any, path: str) -> list[Any]:
        if not (isinstance(value, list) and len(value) == 2):
            raise GroupError(path, "must be a list of two values")
        return [value[0], value[1]]

    def _list(self, value: Any, path: str) -> list[Any]:
        rows = self.resolve(value, path)
        if not isinstance(rows, list):
            raise GroupError(path, "must be a list")
        return rows

    def _text(self, value: Any, path: str) -> str:
        text = self.resolve(value, path)
        if isinstance(text, dict | list):
            raise GroupError(path, "must be a string")
        return str(text)
