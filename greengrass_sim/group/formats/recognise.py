"""Which format a text is in, by what it holds; its name does not count."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from greengrass_sim.errors import GroupError, UsageError
from greengrass_sim.group.formats.api import read_api
from greengrass_sim.group.formats.draft import Draft
from greengrass_sim.group.formats.greengo import read_greengo
from greengrass_sim.group.formats.own import read_own
from greengrass_sim.group.formats.template.read import read_template
from greengrass_sim.group.jsontext import parse_json

_TOML = re.compile(r"""\s*(\[\[?[\w."' -]+\]\]?\s*(#.*)?$|[\w."'-]+\s*=)""")


def read_text(text: str, given: Mapping[str, str], name: str) -> Draft:
    """The group that `text` describes: TOML, JSON or YAML of one of the known shapes.

    `given` are values of a template's parameters, `name` its stack's name. Raises GroupError.
    """
    line = next((one for one in text.splitlines() if one.strip() and not one.lstrip().startswith("#")), "")
    if _TOML.match(line):
        return read_own(_parse_toml(text))
    if line.lstrip()[:1] in ("{", "["):
        documents = parse_json(text)
        template = len(documents) == 1 and _is_template(documents[0])
        return read_template(documents[0], given, name) if template else read_api(documents)
    document = _parse_yaml(text)
    if _is_template(document):
        return read_template(document, given, name)
    if isinstance(document, dict) and "Lambdas" in document:
        return read_greengo(document)
    if isinstance(document, dict) and document.keys() & {"Functions", "Subscriptions", "Definition"}:
        return read_api([document])
    known = "our own TOML, the API's JSON, a CloudFormation template or a greengo.yaml"
    raise GroupError("$", f"is no group in a known format: {known}")


def _is_template(document: Any) -> bool:
    return isinstance(document, dict) and isinstance(document.get("Resources"), dict)


def _parse_yaml(text: str) -> Any:
    try:
        from greengrass_sim.group.formats.yamltext import parse_yaml
    except ImportError as error:
        raise UsageError("YAML needs PyYAML: pip install 'neo-edge[sim]'") from error
    return parse_yaml(text)


def _parse_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GroupError("$", f"not TOML: {error}") from error
