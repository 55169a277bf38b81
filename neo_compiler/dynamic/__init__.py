"""Symbolic dimensions: one artifact for many sizes of the inputs."""
