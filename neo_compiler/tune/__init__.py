"""Kernels measured on this machine: which of the schedules that a rule offers is the fastest here.

It knows nothing of convolutions or matrix products: a kernel is a TensorIR function with candidates by name.
"""
