"""Models for NVIDIA's GPUs: is there one, and tensors that stay on it."""
