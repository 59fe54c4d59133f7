"""Tasks, what a model predicts: one file, and a line for each type of field; a category with an
order is `Ordinal`.
"""

from mesocosm.learn.tasks.classes import Classes
from mesocosm.learn.tasks.labels import Labels
from mesocosm.learn.tasks.number import Number
from mesocosm.learn.tasks.ordinal import Ordinal
from mesocosm.learn.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "category": Classes,
    "boolean": Classes,
    "list": Labels,
    "number": Number,
    "integer": Number,
}

__all__ = ["TASKS", "Number", "Ordinal", "Task"]
