"""Our own format, TOML: names instead of ARNs, and only what a local run needs.

name = "demo"
core = "demo-core"

[functions.echo]
code = "function"              # folder or zip archive; relative paths start at the folder of the file
handler = "echo.handler"
pinned = true
resources = { model = "ro" }

[resources.model]
model = "model.tar.gz"         # or `volume`, `device`, `secret`
destination = "/models/one"

[[subscriptions]]
source = "cloud"               # or a function, a device, a connector, "GGShadowService"
subject = "request/#"
target = "echo"
"""

from __future__ import annotations

from typing import Any

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.draft import Draft, Places
from greengrass_sim.group.formats.own_fields import OwnDefaults, OwnFunction, OwnGroup, OwnLogger, OwnResource
from greengrass_sim.group.schema import OWN, decode

_KINDS = ("model", "volume", "device", "secret")


_CONFIG = ".FunctionConfiguration"
_TAILS = {
    "Functions": {
        ".FunctionArn": ".arn",
        ".Id": "",
        ".LocalPath": ".code",
        _CONFIG: "",
        f"{_CONFIG}.Executable": ".handler",
        f"{_CONFIG}.FunctionRuntimeOverride": ".runtime",
        f"{_CONFIG}.MemorySize": ".memory_kb",
        f"{_CONFIG}.Pinned": ".pinned",
        f"{_CONFIG}.Timeout": ".timeout",
        f"{_CONFIG}.Environment": "",
        f"{_CONFIG}.Environment.AccessSysfs": ".sysfs",
        f"{_CONFIG}.Environment.Execution": "",
        f"{_CONFIG}.Environment.ResourceAccessPolicies": ".resources",
        f"{_CONFIG}.Environment.Variables": ".variables",
    },
    "Resources": {
        ".Id": "",
        ".LocalPath": ".model",
        ".ResourceDataContainer": "",
        ".ResourceDataContainer.DestinationPath": ".destination",
        ".ResourceDataContainer.SourcePath": "",
    },
    "Cores": {".ThingArn": ""},
    "Devices": {".ThingArn": "", ".Id": ""},
    "Connectors": {".ConnectorArn": ".arn", ".Parameters": ".parameters", ".Id": ""},
    "Subscriptions": {".Source": ".source", ".Subject": ".subject", ".Target": ".target"},
}


def read_own(table: dict[str, Any]) -> Draft:
    """The group of the parsed file; raises GroupError with every misfit, by its path in the file."""
    group = decode(OwnGroup, table, "$", OWN)
    for name in group.functions.keys() & group.devices.keys():
        raise GroupError(f"$.devices.{name}", f"{name!r} is the name of a function and of a device")
    document: dict[str, Any] = {
        "Name": group.name,
        "Id": group.id,
        "DefaultConfig": {"Execution": _execution(group.defaults)},
        "Cores": [] if group.core is None else [{"Id": "core", "ThingArn": _thing(group, group.core)}],
        "Devices": [
            {"Id": name, "ThingArn": one.arn or _thing(group, name), "SyncShadow": one.sync_shadow}
            for name, one in group.devices.items()
        ],
        "Functions": [_function(group, name, one) for name, one in group.functions.items()],
        "Resources": [_resource(group, name, one) for name, one in group.resources.items()],
        "Connectors": [
            {"Id": name, "ConnectorArn": one.arn, "Parameters": one.parameters}
            for name, one in group.connectors.items()
        ],
        "Loggers": [_logger(number, one) for number, one in enumerate(group.loggers)],
        "Subscriptions": _subscriptions(group),
        "Interpreters": group.runtimes,
        **({} if group.secrets is None else {"SecretsFile": group.secrets}),
    }
    return Draft(document, Places(_rows(group), _TAILS))


def _rows(group: OwnGroup) -> dict[str, str]:
    rows = {"$.Cores[0]": "$.core", "$.DefaultConfig": "$.defaults"}
    tables: tuple[dict[str, Any], ...] = (group.functions, group.resources, group.devices, group.connectors)
    for table, name in zip(tables, ("functions", "resources", "devices", "connectors"), strict=True):
        for number, key in enumerate(table):
            rows[f"$.{name.capitalize()}[{number}]"] = f"$.{name}.{key}"
    for number in range(len(group.subscriptions)):
        rows[f"$.Subscriptions[{number}]"] = f"$.subscriptions[{number}]"
    return rows


def _function(group: OwnGroup, name: str, one: OwnFunction) -> dict[str, Any]:
    arn = f"arn:aws:lambda:{group.region}:{group.account}:function:{name}:{one.version}"
    policies = [{"ResourceId": key, "Permission": value} for key, value in one.resources.items()]
    config = {
        "EncodingType": one.encoding,
        "Executable": one.handler,
        "ExecArgs": one.exec_args,
        "FunctionRuntimeOverride": one.runtime,
        "MemorySize": one.memory_kb,
        "Pinned": one.pinned,
        "Timeout": one.timeout,
        "Environment": {
            "AccessSysfs": one.sysfs,
            "Execution": _execution(one),
            "ResourceAccessPolicies": policies,
            "Variables": one.variables,
        },
    }
    row = {"Id": name, "FunctionArn": one.arn or arn, "LocalPath": one.code}
    return {**_given(row), "FunctionConfiguration": _given(config)}


def _execution(one: OwnFunction | OwnDefaults) -> dict[str, Any]:
    run_as = _given({"Uid": one.uid, "Gid": one.gid})
    return _given({"IsolationMode": one.isolation, "RunAs": run_as or None})


def _resource(group: OwnGroup, name: str, one: OwnResource) -> dict[str, Any]:
    given = [kind for kind in _KINDS if getattr(one, kind) is not None]
    if len(given) != 1:
        raise GroupError(f"$.resources.{name}", f"must have exactly one of {', '.join(_KINDS)}")
    secret = one.secret or ""
    if not secret.startswith("arn:"):
        secret = f"arn:aws:secretsmanager:{group.region}:{group.account}:secret:{secret}"
    data = {
        "model": ("S3MachineLearningModelResourceData", {"DestinationPath": one.destination}),
        "volume": (
            "LocalVolumeResourceData",
            {"SourcePath": one.volume, "DestinationPath": one.destination or one.volume},
        ),
        "device": ("LocalDeviceResourceData", {"SourcePath": one.device}),
        "secret": (
            "SecretsManagerSecretResourceData",
            {"ARN": secret, "AdditionalStagingLabelsToDownload": list(one.labels)},
        ),
    }
    kind, fields = data[given[0]]
    if given[0] == "model" and one.destination is None:
        raise GroupError(f"$.resources.{name}", "the field 'destination' is missing")
    row = {"Id": name, "Name": name, "LocalPath": one.model, "ResourceDataContainer": {kind: fields}}
    return _given(row)


def _logger(number: int, one: OwnLogger) -> dict[str, Any]:
    row = {"Id": f"logger{number}", "Component": one.component, "Level": one.level}
    return {**row, "Type": "FileSystem", "Space": one.space_kb}


def _subscriptions(group: OwnGroup) -> list[dict[str, str]]:
    names = {name: _function(group, name, one)["FunctionArn"] for name, one in group.functions.items()}
    names |= {name: one.arn or _thing(group, name) for name, one in group.devices.items()}
    names |= {name: one.arn for name, one in group.connectors.items()}
    return [
        {
            "Id": f"subscription{number}",
            "Source": names.get(row.source, row.source),
            "Subject": row.subject,
            "Target": names.get(row.target, row.target),
        }
        for number, row in enumerate(group.subscriptions)
    ]


def _thing(group: OwnGroup, name: str) -> str:
    return f"arn:aws:iot:{group.region}:{group.account}:thing/{name}"


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
