"""The client of the core's local interface, for SDKs that bring none of their own."""
