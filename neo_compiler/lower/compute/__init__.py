"""Tensor expressions of the blocked operators.

A blocked tensor holds an (N, C, H, W) value as (N, ceil(C/b), H, W, b), the layout NCHW[b]c; the channels
that fill up the last block are zero where a convolution wrote them and finite everywhere, so that zero
weights cancel them. Source of the scheme: Liu et al., "Optimizing CNN Model Inference on CPUs", USENIX
ATC 2019.
"""
