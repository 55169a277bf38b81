"""Kernels for GPUs: from scheduled TensorIR to PTX and a table of launches."""
