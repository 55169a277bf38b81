"""Calls another function and publishes what it answers."""

import base64
import json
import os

import greengrasssdk

functions, messages = greengrasssdk.client("lambda"), greengrasssdk.client("iot-data")


def handler(event, context):
    answer = functions.invoke(
        FunctionName=os.environ["INVOKED"],
        Qualifier="1",
        InvocationType="RequestResponse",
        ClientContext=base64.b64encode(json.dumps({"custom": {"who": "me"}}).encode()),
        Payload=b"\x00\xff",
    )
    messages.publish(topic="invoking/answer", payload=answer["Payload"].read())
