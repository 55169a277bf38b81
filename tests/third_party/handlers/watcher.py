"""Takes what a shadow's subscription brings."""

import greengrasssdk

client = greengrasssdk.client("iot-data")


def handler(event, context):
    light = event["current"]["state"]["desired"]["light"]
    client.publish(
        topic="light/now", payload="{} by {}".format(light, context.client_context.custom["subject"])
    )
