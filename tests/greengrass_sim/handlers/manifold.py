"""For on-demand functions: how often this process was used, memory, calls of other functions."""

import base64
import json
import os
import sys
import time

import greengrasssdk

STARTED = time.monotonic()
data = greengrasssdk.client("iot-data")
functions = greengrasssdk.client("lambda")
seen = []


def handler(event, context):
    seen.append(event)
    return globals()[event["do"]](event, context)


def process(event, _):
    time.sleep(event.get("seconds", 0))
    return {"pid": os.getpid(), "seen": len(seen)}


def fill(event, _):
    """Holds so many megabytes, after a while also in a child process."""
    if event.get("child") and os.fork() != 0:
        time.sleep(30)
    block = bytearray(os.urandom(1 << 20)) * event["megabytes"]
    time.sleep(30)
    return len(block)


def call(event, _):
    answer = functions.invoke(
        FunctionName=event["arn"],
        InvocationType=event.get("kind", "RequestResponse"),
        Payload=json.dumps(event["payload"]).encode(),
        ClientContext=base64.b64encode(json.dumps(event.get("context", {})).encode()),
    )
    body = answer["Payload"] if isinstance(answer["Payload"], bytes) else answer["Payload"].read()
    return {"error": answer["FunctionError"], "body": body.decode()}


def refused(event, _):
    try:
        return call(event, _)
    except greengrasssdk.Lambda.InvocationException as error:
        return {"raised": str(error)}


def publish(event, _):
    try:
        data.publish(
            topic=event["topic"], payload=b"x" * event.get("size", 1), queueFullPolicy=event.get("policy", "")
        )
    except greengrasssdk.Lambda.InvocationException as error:
        return str(error)


def publish_twice(event, _):
    return [publish(event, _), publish(event, _)]


def seen_context(event, context):
    client = context.client_context
    return {
        "names": sorted(name for name in dir(context) if not name.startswith("_")),
        "client_context": None if client is None else list(client),
    }


def fail(event, _):
    raise ValueError(event["text"])


def die(event, _):
    os._exit(3)


def version(event, _):
    return ".".join(map(str, sys.version_info[:2]))


def calls_itself(event, _):
    return call({"arn": os.environ["MY_FUNCTION_ARN"], "payload": {"do": "calls_itself"}}, _)
