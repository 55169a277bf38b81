"""The body of a shadow request, checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from greengrass_sim.shadow.document import SECTIONS, Document, Json
from greengrass_sim.shadow.errors import ShadowRejected, conflict

MAX_DEPTH = 6
MAX_TOKEN = 64


@dataclass(frozen=True)
class UpdateRequest:
    """`state` as it was sent, None to empty both sections; `version` is the one that the sender knows."""

    state: Json | None
    version: int | None = None

    def check_version(self, document: Document) -> None:
        """Raises ShadowRejected where the sender has not seen this version of the document."""
        if self.version is None:
            return
        if document.version == 0:
            if self.version != 1:
                raise ShadowRejected(400, "Invalid version")
        elif self.version != document.version:
            raise conflict()


def read_body(payload: bytes) -> Json:
    """The body as a JSON object; ShadowRejected for anything else."""
    try:
        body = json.loads(payload, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise ShadowRejected(400, f"Invalid JSON: {error}") from None
    if not isinstance(body, dict):
        raise ShadowRejected(400, "Invalid JSON: the payload is not an object")
    return body


def client_token(body: Json) -> str | None:
    """The token that the answer has to carry; ShadowRejected where it is no string, or too long a one."""
    token = body.get("clientToken")
    if token is None and "clientToken" not in body:
        return None
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise ShadowRejected(400, "Invalid clientToken")
    return token


def parse_update(body: Json) -> UpdateRequest:
    """The update that `body` asks for; ShadowRejected where it is malformed."""
    if "state" not in body:
        raise ShadowRejected(400, "Missing required node: state")
    version = body.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 0):
        raise ShadowRejected(400, "Invalid version")
    return UpdateRequest(_state(body["state"]), version)


def _state(state: Any) -> Json | None:
    if state is None:
        return None
    if not isinstance(state, dict):
        raise ShadowRejected(400, "State node must be an object")
    kept = {name: value for name, value in state.items() if name != "delta"}  # computed, nobody sets it
    for name, value in kept.items():
        if name not in SECTIONS:
            raise ShadowRejected(400, f"State contains an invalid node: {name!r}")
        if value is not None and not isinstance(value, dict):
            raise ShadowRejected(400, f"{name.capitalize()} node must be an object")
        _check_tree(name, value)
    return kept


def _check_tree(name: str, tree: Any) -> None:
    """Level by level, so that no depth of nesting can exhaust the stack."""
    level, depth = [(name, tree)], 0
    while level := [(key, node) for key, node in level if isinstance(node, dict | list) and node]:
        depth += 1
        if depth > MAX_DEPTH:
            raise ShadowRejected(400, f"JSON contains too many levels of nesting; maximum is {MAX_DEPTH}")
        level = [child for key, node in level for child in _children(key, node)]


def _children(key: str, node: Json | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        yield from node.items()
        return
    for value in node:
        if value is None:
            raise ShadowRejected(400, f"State contains an invalid node: {key!r}")
        yield key, value


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
