"""Rules that schedule fused TensorIR functions."""

from neo_compiler.schedule.apply import Scheduled, schedule

__all__ = ["Scheduled", "schedule"]
