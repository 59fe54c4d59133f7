"""Tasks, what a model predicts: one file, and a line for each type of field."""

from mesocosm.learn.tasks.classes import Classes
from mesocosm.learn.tasks.number import Number
from mesocosm.learn.tasks.task import Task

TASKS: dict[str, type[Task]] = {"category": Classes, "boolean": Classes, "number": Number, "integer": Number}

__all__ = ["TASKS", "Task"]
