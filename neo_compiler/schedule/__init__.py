"""Rules that schedule fused TensorIR functions."""

from neo_compiler.schedule.apply import Scheduled, candidates, schedule, schedule_function

__all__ = ["Scheduled", "candidates", "schedule", "schedule_function"]
