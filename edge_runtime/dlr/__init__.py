"""The interface of DLR, the runtime of SageMaker Neo, for artifacts of ours: what uses it runs as it is.

Results, errors and their texts are those of DLR 1.10. But where DLR computes with what it was never given (an
input that nobody set, an array of another shape that happens to have as many values), an error says so.
"""

from edge_runtime.dlr.errors import DLRError
from edge_runtime.dlr.model import VERSION, DLRModel

__all__ = ["VERSION", "DLRError", "DLRModel"]
