"""Answers every message on `request/...` with the same bytes on `answer/...`."""

import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    topic = context.client_context.custom["subject"]
    client.publish(topic=topic.replace("request", "answer", 1), payload=event)
