from __future__ import annotations

import json

import pytest

from greengrass_sim.errors import GroupError
from greengrass_sim.group.formats.recognise import read_text

ROW = {"Id": "s", "Source": "a", "Subject": "b", "Target": "c"}
DEFINITION = {
    "Type": "AWS::Greengrass::SubscriptionDefinitionVersion",
    "Properties": {"Subscriptions": [ROW]},
}
OURS = """[[subscriptions]]
source = "a"
subject = "b"
target = "c"
"""
IN_YAML = """---
Resources:
  S:
    Type: AWS::Greengrass::SubscriptionDefinition
    Properties:
      InitialVersion:
        Subscriptions:
        - {Id: !Sub s, Source: a, Subject: b, Target: c}
"""


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (OURS, "$.subscriptions[0]"),
        (f"# ours\n\nname = 'x'\n{OURS}", "$.subscriptions[0]"),
        (f"['functions'.\"x.y\"]\ncode = '.'\n{OURS}", "$.subscriptions[0]"),
        (f"  {json.dumps({'Subscriptions': [ROW]})}", "$.Subscriptions[0]"),
        (json.dumps([{"Definition": {"Subscriptions": [ROW]}}]), "$[0].Definition.Subscriptions[0]"),
        (json.dumps({"Resources": {"S": DEFINITION}}), "$.Resources.S.Properties.Subscriptions[0]"),
        (IN_YAML, "$.Resources.S.Properties.InitialVersion.Subscriptions[0]"),
        ("Subscriptions:\n- {Id: s}", "$.Subscriptions[0]"),
        ("Lambdas: []\nSubscriptions: [{Id: s}]", "$.Subscriptions[0]"),
    ],
)
def test_the_content_tells_the_format(text: str, place: str) -> None:
    draft = read_text(text, {}, "stack")
    assert draft.document["Subscriptions"][0]["Id"] in ("s", "subscription0")
    assert draft.places("$.Subscriptions[0]") == place


@pytest.mark.parametrize("text", ["", "hello", "a: 1", "- a\n- b"])
def test_other_texts(text: str) -> None:
    with pytest.raises(GroupError, match="is no group in a known format: our own TOML, the API's JSON"):
        read_text(text, {}, "stack")
