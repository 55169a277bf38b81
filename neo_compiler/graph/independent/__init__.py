"""Which rows of a model's results depend on which rows of its inputs: whether filling up a batch is exact."""

from neo_compiler.graph.independent.follow import independent
from neo_compiler.graph.independent.node import Dependent, Rows

__all__ = ["Dependent", "Rows", "independent"]
