"""Rules for GPUs, one file a family; the first that matches schedules the function."""

from __future__ import annotations

from neo_compiler.schedule.gpu.apply import schedule_kernel

__all__ = ["schedule_kernel"]
