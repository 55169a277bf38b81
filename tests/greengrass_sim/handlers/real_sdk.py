"""Uses all of the SDK that a core serves, in this process or (way "http") in one of its own."""

import base64
import json
import os
import subprocess
import sys

import greengrasssdk

data = greengrasssdk.client("iot-data")
functions = greengrasssdk.client("lambda")


def tell(name, value):
    data.publish(topic=f"answer/{name}", payload=json.dumps(value), queueFullPolicy="AllOrException")


def attempt(name, function, **given):
    try:
        function(**given)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        tell(name, [type(error).__name__, str(error)])


def call(arn, payload, kind="RequestResponse"):
    context = base64.b64encode(json.dumps({"custom": {"subject": "s"}}).encode())
    answer = functions.invoke(
        FunctionName=arn, InvocationType=kind, Payload=json.dumps(payload), ClientContext=context
    )
    body = answer["Payload"]
    text = body if isinstance(body, bytes) else body.read()
    return {"error": answer["FunctionError"], "body": json.loads(text or b"null")}


def use_all(arn):
    tell("version", greengrasssdk.__version__)
    tell("invoked", call(arn, {"a": 1}))
    tell("failed", call(arn, "fail"))
    attempt("refused", data.publish, topic="elsewhere", payload="x")
    attempt("missing", functions.invoke, FunctionName=arn.replace("asked", "nobody"))
    attempt("no_shadow", data.get_thing_shadow, thingName="unknown")
    data.update_thing_shadow(thingName="lamp", payload=json.dumps({"state": {"reported": {"on": True}}}))
    tell("shadow", json.loads(data.get_thing_shadow(thingName="lamp")["payload"]))
    call(arn, "event", "Event")


def handler(event, context):
    if event["way"] == "http":
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run([sys.executable, __file__, event["arn"]], check=True, env=environment)
    else:
        use_all(event["arn"])


def answer(event, context):
    if event == "event":
        tell("event", "by event")
        return tell("end", None)
    if event == "fail":
        raise ValueError("as asked")
    return {"asked": event, "subject": context.client_context.custom["subject"]}


if __name__ == "__main__":
    use_all(sys.argv[1])
