"""What an experiment will take, before any weights are loaded: reading, disk, memory, time."""

from polysteer.planning.plan import Plan, plan_experiment
from polysteer.planning.speed import Speed, measure_speed

__all__ = ["Plan", "Speed", "measure_speed", "plan_experiment"]
