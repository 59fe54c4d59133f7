"""Tasks, by the type of the predicted field: one file, and a line for each type; a category with an
order is `Ordinal`.
"""

from mesocosm.learning.tasks.classification import Classification
from mesocosm.learning.tasks.multi_label import MultiLabel
from mesocosm.learning.tasks.ordinal import Ordinal
from mesocosm.learning.tasks.regression import Regression
from mesocosm.learning.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "category": Classification,
    "boolean": Classification,
    "list": MultiLabel,
    "number": Regression,
    "integer": Regression,
}

__all__ = ["TASKS", "Regression", "Ordinal", "Task"]
