"""Shows a secret, and that another is refused."""

import json

import greengrasssdk
from greengrasssdk.SecretsManager import SecretsManagerError

messages, secrets = greengrasssdk.client("iot-data"), greengrasssdk.client("secretsmanager")


def handler(event, context):
    found = {"value": secrets.get_secret_value(SecretId="test-secret")["SecretString"]}
    try:
        secrets.get_secret_value(SecretId="other")
    except SecretsManagerError:
        found["other"] = "refused"
    messages.publish(topic="keeper/found", payload=json.dumps(found))
