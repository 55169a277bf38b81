"""Rules for CPUs, one file a family; the first that matches schedules the function."""

from __future__ import annotations

from neo_compiler.schedule.cpu import conv2d, dense, depthwise, generic, permute, rowwise, winograd

RULES = {
    "conv2d": conv2d.schedule,
    "winograd": winograd.schedule,
    "depthwise": depthwise.schedule,
    "dense": dense.schedule,
    "permute": permute.schedule,
    "rowwise": rowwise.schedule,
    "generic": generic.schedule,
}
