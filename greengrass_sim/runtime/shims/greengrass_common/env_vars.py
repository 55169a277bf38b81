"""The core's settings, as a worker finds them in its environment; None for what is not set."""

from __future__ import annotations

import os

AUTH_TOKEN = os.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
GG_DAEMON_PORT = os.getenv("GG_DAEMON_PORT")
GGC_MAX_INTERFACE_VERSION = os.getenv("GGC_MAX_INTERFACE_VERSION")
MY_FUNCTION_ARN = os.getenv("MY_FUNCTION_ARN")
ROUTER_FUNCTION_ARN = os.getenv("ROUTER_FUNCTION_ARN")
SECRETS_MANAGER_FUNCTION_ARN = os.getenv("SECRETS_MANAGER_FUNCTION_ARN")
SHADOW_FUNCTION_ARN = os.getenv("SHADOW_FUNCTION_ARN")
