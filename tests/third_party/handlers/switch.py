"""Sets a thing's shadow as an event says."""

import json
import logging

import greengrasssdk

logging.getLogger().setLevel(logging.INFO)
client = greengrasssdk.client("iot-data")


def handler(event, context):
    logging.info("switching %s", event["state"])
    desired = {"state": {"desired": {"light": event["state"]}}}
    client.update_thing_shadow(thingName="Arm", payload=json.dumps(desired))
