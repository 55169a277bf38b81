"""The core's local interface over HTTP, for SDKs and processes that have no connection of their own."""
