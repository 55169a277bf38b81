"""Answers each request `request/...` with the same bytes on `answer/...`."""

import json

import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    topic = context.client_context.custom["subject"].replace("request", "answer", 1)
    payload = event if isinstance(event, bytes) else json.dumps(event)
    client.publish(topic=topic, payload=payload)
