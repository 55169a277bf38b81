"""Readers of the formats in which groups are written; each turns a parsed document into a `Draft`."""
