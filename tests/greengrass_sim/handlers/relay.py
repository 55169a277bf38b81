"""Passes what it gets on to `answer/...`."""

import json

import greengrasssdk


def handler(event, context):
    greengrasssdk.client("iot-data").publish(topic="answer/relayed", payload=json.dumps(event))
    return event
