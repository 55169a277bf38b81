"""YAML with CloudFormation's short tags: `!Ref X` reads as `{"Ref": "X"}`, `!Sub X` as `{"Fn::Sub": "X"}`."""

from __future__ import annotations

from typing import Any

import yaml

from greengrass_sim.errors import GroupError

_BARE = ("Ref", "Condition")
_DATE = "tag:yaml.org,2002:timestamp"


def parse_yaml(text: str) -> Any:
    """The document; raises GroupError with line and column, also for a name given twice in one object."""
    try:
        return yaml.load(text, _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise GroupError("$", f"not YAML: {error.problem}{place}") from error
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as error:
        raise GroupError("$", f"not YAML that can be read: {error}") from error


class _Loader(yaml.SafeLoader):
    """Dates stay text: the versions of policies and templates look like dates."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for number, name in enumerate(names):
            if name in names[:number] and name != "<<":
                line = node.value[number][0].start_mark.line + 1
                raise GroupError("$", f"the name {name!r} is given twice in one object, line {line}")
        return super().construct_mapping(node, deep)


def _short(loader: yaml.SafeLoader, suffix: str, node: Any) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in _BARE else f"Fn::{suffix}": value}


_Loader.yaml_implicit_resolvers = {
    sign: [row for row in rows if row[0] != _DATE]
    for sign, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("!", _short)
