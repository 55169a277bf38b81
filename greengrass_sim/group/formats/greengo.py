"""Groups in `greengo.yaml`, the file of the tool greengo."""

from __future__ import annotations

from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.draft import Draft, Places
from greengrass_sim.group.formats.own_fields import ACCOUNT, REGION
from greengrass_sim.group.model import DEFAULT_MEMORY_KB
from greengrass_sim.group.schema import TEMPLATE


def read_greengo(document: dict[str, Any]) -> Draft:
    """The group of the parsed file; raises GroupError where its shape is another."""
    ends: dict[str, str] = {}
    rows = {"$.Cores[0]": "$.Cores[0]"}
    functions = []
    for number, row in enumerate(_rows(document, "Lambdas")):
        name = _name(row, f"$.Lambdas[{number}]")
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:{row.get('alias', 1)}"
        ends[f"Lambda::{name}"] = arn
        rows[f"$.Functions[{number}]"] = f"$.Lambdas[{number}]"
        functions.append(_function(name, arn, row))
    things = {
        kind: [
            {"Id": name, "ThingArn": _thing(name), "SyncShadow": row.get("SyncShadow", False)}
            for number, row in enumerate(_rows(document, kind))
            for name in [_name(row, f"$.{kind}[{number}]")]
        ]
        for kind in ("Cores", "Devices")
    }
    ends |= {f"Device::{one['Id']}": str(one["ThingArn"]) for one in things["Devices"]}
    draft = {
        "Name": str((document.get("Group") or {}).get("name", "group")),
        **things,
        "Functions": functions,
        "Resources": [_resource(row) for row in _rows(document, "Resources")],
        "Loggers": _rows(document, "Loggers"),
        "Subscriptions": [
            {"Id": f"subscription{number}", **row, **_ends(row, ends)}
            for number, row in enumerate(_rows(document, "Subscriptions"))
        ],
    }
    tails = {
        "Functions": {".FunctionConfiguration": ".greengrassConfig", ".LocalPath": ".package"},
        "Cores": {".ThingArn": ".name"},
        "Devices": {".ThingArn": ".name"},
    }
    return Draft(draft, Places(rows, tails), TEMPLATE, DEFAULT_MEMORY_KB)


def _rows(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = document.get(name) or []
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise GroupError(f"$.{name}", "must be a list of objects")
    return rows


def _name(row: dict[str, Any], path: str) -> str:
    if "name" not in row:
        raise GroupError(path, "the field 'name' is missing")
    return str(row["name"])


def _function(name: str, arn: str, row: dict[str, Any]) -> dict[str, Any]:
    runtime = row.get("runtime")
    extra = {
        "Handler": row.get("handler"),
        "LocalPath": row.get("package"),
        "Runtime": runtime and runtime.lower(),
    }
    given = {key: value for key, value in extra.items() if value is not None}
    config = row.get("greengrassConfig") or {}
    return {"Id": name, "FunctionArn": arn, "FunctionConfiguration": config, **given}


def _resource(row: dict[str, Any]) -> dict[str, Any]:
    """The data stand in the row itself, not in a container."""
    data = {key: value for key, value in row.items() if key.endswith("Data")}
    rest = {key: value for key, value in row.items() if key not in data}
    container = {} if "ResourceDataContainer" in rest else {"ResourceDataContainer": data}
    return {"Id": rest.get("Name"), **rest, **container}


def _ends(row: dict[str, Any], ends: dict[str, str]) -> dict[str, str]:
    return {key: ends.get(str(row[key]), str(row[key])) for key in ("Source", "Target") if key in row}


def _thing(name: str) -> str:
    return f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/{name}"
