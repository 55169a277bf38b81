"""Groups in the API's JSON: one object with its lists, or the answers of `aws greengrass get-...` together.

Answers may stand in one list, in one object under any names, one after the other in a file, or each in a file
of a folder. What `aws lambda get-function` prints adds a function's handler and runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.draft import LISTS, Draft, Places
from greengrass_sim.group.model import DEFAULT_MEMORY_KB

_WRAPPERS = ("Definition", "InitialVersion")
_CONTENT = (*LISTS, "DefaultConfig")
Found = tuple[str, dict[str, Any]]


def read_api(documents: list[Any]) -> Draft:
    """The group of the parsed documents; GroupError when the group names a version that is not among them."""
    first = documents[0]
    if len(documents) == 1 and not (isinstance(first, list) or _is_answer(first) or _nested(first)):
        return Draft(first)
    root = first if len(documents) == 1 else documents
    answers = list(_answers(root, "$"))
    return Draft(*_merge(_chosen(answers)), default_memory_kb=DEFAULT_MEMORY_KB)


def _is_answer(value: Any) -> bool:
    return isinstance(value, dict) and (
        any(isinstance(value.get(name), dict) for name in _WRAPPERS)
        or _lambda(value) is not None
        or ":/greengrass/" in str(value.get("Arn", ""))
    )


def _nested(value: Any) -> bool:
    return isinstance(value, dict) and any(_is_answer(one) for one in value.values())


def _answers(value: Any, path: str) -> Iterator[Found]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _answers(one, f"{path}[{number}]")
    elif _is_answer(value) or (isinstance(value, dict) and any(name in value for name in _CONTENT)):
        yield path, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _answers(one, f"{path}.{name}")
    else:
        raise GroupError(path, "is no answer of the Greengrass API")


def _chosen(answers: list[Found]) -> list[Found]:
    """Without the definition versions that the group version, where there is one, does not name."""
    wanted: set[str] = set()
    for _, answer in answers:
        references = {name: arn for name, arn in _body("", answer)[1].items() if name.endswith("VersionArn")}
        wanted |= {str(arn) for arn in references.values()}
    if not wanted:
        return answers
    known = {str(answer.get("Arn")) for _, answer in answers}
    if missing := sorted(wanted - known):
        kind = missing[0].split("/definition/")[-1].partition("/")[0]
        command = f"aws greengrass get-{kind.removesuffix('s')}-definition-version"
        raise GroupError("$", f"the group names {missing[0]}, which is not here: add what `{command}` prints")
    return [
        found for found in answers if ":/greengrass/definition/" not in _arn(found) or _arn(found) in wanted
    ]


def _arn(found: Found) -> str:
    return str(found[1].get("Arn", ""))


def _body(path: str, answer: dict[str, Any]) -> Found:
    for name in _WRAPPERS:
        if isinstance(answer.get(name), dict):
            return f"{path}.{name}", answer[name]
    return path, answer


def _merge(answers: list[Found]) -> tuple[dict[str, Any], Places]:
    document: dict[str, Any] = {}
    rows: dict[str, str] = {}
    for path, answer in answers:
        if ":/greengrass/groups/" in str(answer.get("Arn", "")):
            document |= {name: answer[name] for name in ("Id", "Name") if name in answer}
        place, body = _body(path, answer)
        for name in _CONTENT:
            value = body.get(name)
            if isinstance(value, list):
                target = document.setdefault(name, [])
                for number, row in enumerate(value):
                    rows[f"$.{name}[{len(target)}]"] = f"{place}.{name}[{number}]"
                    target.append(row)
            elif value is not None:
                document[name] = value
                rows[f"$.{name}"] = f"{place}.{name}"
    _add_lambdas(document, [found for _, answer in answers if (found := _lambda(answer))])
    return document, Places(rows)


def _lambda(answer: dict[str, Any]) -> dict[str, Any] | None:
    """A function's configuration as AWS Lambda tells it."""
    inner = answer.get("Configuration", answer)
    sound = isinstance(inner, dict) and "FunctionArn" in inner and "Handler" in inner
    return inner if sound else None


def _add_lambdas(document: dict[str, Any], lambdas: list[dict[str, Any]]) -> None:
    known = {_name(str(one["FunctionArn"])): one for one in lambdas}
    functions = document.get("Functions", [])
    for number, row in enumerate(functions):
        if isinstance(row, dict) and (found := known.get(_name(str(row.get("FunctionArn", ""))))):
            extra = {name: found[name] for name in ("Handler", "Runtime") if name in found}
            functions[number] = {**extra, **row}


def _name(arn: str) -> str:
    parts = arn.split(":")
    return parts[6] if len(parts) > 6 else arn
