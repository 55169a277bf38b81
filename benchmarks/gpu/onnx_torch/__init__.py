"""A prepared ONNX model as a PyTorch module, so that PyTorch computes the very same network.

Each node becomes the call that a PyTorch programmer would write; what only gives shapes, axes and paddings
is read when the module is made. Explicit paddings that PyTorch's operators take are handed to them.
"""

from benchmarks.gpu.onnx_torch.module import OnnxModule
from benchmarks.gpu.onnx_torch.node import Unsupported

__all__ = ["OnnxModule", "Unsupported"]
