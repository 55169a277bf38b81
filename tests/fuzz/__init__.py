"""Damaged models through `neo compile`, damaged artifacts through the loader: `python -m tests.fuzz`."""
