"""Rules for CPUs, one file a family; the first that matches schedules the function."""

from __future__ import annotations

from neo_compiler.schedule.cpu.conv2d import conv2d
from neo_compiler.schedule.cpu.dense import dense
from neo_compiler.schedule.cpu.depthwise import depthwise
from neo_compiler.schedule.cpu.generic import generic

RULES = {"conv2d": conv2d, "depthwise": depthwise, "dense": dense, "generic": generic}
