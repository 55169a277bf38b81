"""Group documents for the tests: a sound one, and ways to spoil it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REGION_ACCOUNT = "eu-central-1:123456789012"
HANDLERS = Path(__file__).parent / "handlers"


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION_ACCOUNT}:function:{name}:1"


def thing_arn(name: str) -> str:
    return f"arn:aws:iot:{REGION_ACCOUNT}:thing/{name}"


def function(name: str, executable: str = "", **config: Any) -> dict[str, Any]:
    """A pinned function whose code is the module `<name>.py` among the tests' handlers."""
    return {
        "Id": name,
        "FunctionArn": function_arn(name),
        "LocalPath": str(HANDLERS),
        "FunctionConfiguration": {"Executable": executable or f"{name}.handler", "Pinned": True, **config},
    }


def subscription(number: int, source: str, subject: str, target: str) -> dict[str, str]:
    return {"Id": f"s{number}", "Source": source, "Subject": subject, "Target": target}


def group(functions: Sequence[dict[str, Any]], routes: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """A group document; `routes` are (source, subject, target), where a bare name stands for a function."""
    names = {one["Id"] for one in functions}
    ends = [
        (function_arn(s) if s in names else s, t, function_arn(d) if d in names else d) for s, t, d in routes
    ]
    return {
        "Cores": [{"Id": "core", "ThingArn": thing_arn("test-core")}],
        "Functions": list(functions),
        "Subscriptions": [subscription(number, *end) for number, end in enumerate(ends)],
    }


def echo_group(name: str = "echo", **config: Any) -> dict[str, Any]:
    """The echo function between the topics `request/#` and `answer/#`."""
    return group([function(name, **config)], [("cloud", "request/#", name), (name, "answer/#", "cloud")])


def write_group(folder: Path, document: dict[str, Any]) -> Path:
    path = folder / "group.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
