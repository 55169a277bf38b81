"""Asks the inference connector about each picture; pinned, binary."""

import json

import greengrass_machine_learning_sdk as ml
import greengrasssdk

client = ml.client("inference")
iot = greengrasssdk.client("iot-data")


def handler(event, context):
    service = context.client_context.custom["subject"].rpartition("/")[2]
    try:
        answer = client.invoke_inference_service(
            AlgoType="image-classification", ServiceName=service, ContentType="image/png", Body=event
        )
    except (ml.GreengrassInferenceException, ml.GreengrassDependencyException) as error:
        iot.publish(topic="picture/failed", payload=json.dumps([type(error).__name__, str(error)]))
    else:
        iot.publish(topic="picture/seen", payload=answer["Body"].read())
