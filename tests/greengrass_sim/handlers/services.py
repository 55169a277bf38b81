"""Asks the core's services, as the event says, and answers what came of it."""

import json

import greengrasssdk
from greengrasssdk.IoTDataPlane import ShadowError
from greengrasssdk.SecretsManager import SecretsManagerError

iot = greengrasssdk.client("iot-data")
secrets = greengrasssdk.client("secretsmanager")


def ask(event):
    if "secret" in event:
        found = secrets.get_secret_value(SecretId=event["secret"])
        return [found["Name"], found["SecretString"], found["CreatedDate"].year]
    call = getattr(iot, event["call"] + "_thing_shadow")
    payload = {"payload": json.dumps(event["body"])} if "body" in event else {}
    return json.loads(call(thingName="lamp", **payload)["payload"])


def handler(event, context):
    try:
        answer = ask(event)
    except (ShadowError, SecretsManagerError) as error:
        answer = [type(error).__name__, str(error)]
    iot.publish(topic="told/answer", payload=json.dumps(answer))
    return answer


def relay(event, context):
    iot.publish(topic="told/delta", payload=json.dumps(event))
