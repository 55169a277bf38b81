"""Handlers that others wrote for Greengrass, run unmodified: `python -m tests.third_party DIR`."""
