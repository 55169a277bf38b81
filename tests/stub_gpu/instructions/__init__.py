"""Single PTX instructions as C statements, a module a family."""

from tests.stub_gpu.instructions.operation import Line, Unknown, plain
from tests.stub_gpu.instructions.statement import statement

__all__ = ["Line", "Unknown", "plain", "statement"]
