"""LSTM, GRU and RNN."""

from neo_compiler.graph.rewrites.recurrent.unroll import recurrent

__all__ = ["recurrent"]
