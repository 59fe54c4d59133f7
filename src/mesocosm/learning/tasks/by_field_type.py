"""Tasks, what a model predicts: one file, and a line for each type of field; a category with an
order is `Ordinal`.
"""

from mesocosm.learning.tasks.classification import Classes
from mesocosm.learning.tasks.multi_label import Labels
from mesocosm.learning.tasks.ordinal import Ordinal
from mesocosm.learning.tasks.regression import Number
from mesocosm.learning.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "category": Classes,
    "boolean": Classes,
    "list": Labels,
    "number": Number,
    "integer": Number,
}

__all__ = ["TASKS", "Number", "Ordinal", "Task"]
