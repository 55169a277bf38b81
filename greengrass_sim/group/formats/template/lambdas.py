"""What a template tells of the code of its functions."""

from __future__ import annotations

from typing import Any

from greengrass_sim.group.formats.template.identities import LAMBDAS, StackIdentities
from greengrass_sim.group.formats.template.stack import Stack

_SERVERLESS = "AWS::Serverless::Function"


def lambda_fields(stack: Stack, identities: StackIdentities, arn: str) -> dict[str, str]:
    """`LocalPath` or `InlineCode`, `Handler` and `Runtime` of the function `arn`, as far as given."""
    parts = arn.split(":")
    name = parts[6] if len(parts) > 6 else arn
    for logical in stack.section("Resources"):
        if identities.kind(logical) in LAMBDAS and identities.name(logical) == name:
            return _fields(stack, identities, logical)
    return {}


def _fields(stack: Stack, identities: StackIdentities, logical: str) -> dict[str, str]:
    serverless = identities.kind(logical) == _SERVERLESS
    shared = (stack.section("Globals").get("Function") or {}) if serverless else {}

    def field(name: str) -> Any:
        return identities.property(logical, name) or shared.get(name)

    code = field("CodeUri") if serverless else field("Code")
    inline = field("InlineCode") if serverless else (code.get("ZipFile") if isinstance(code, dict) else None)
    found = {
        "LocalPath": code if isinstance(code, str) and "://" not in code else None,
        "InlineCode": inline,
        "Handler": field("Handler"),
        "Runtime": field("Runtime"),
    }
    return {name: str(value) for name, value in found.items() if value is not None}
