"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit.

The records (`mesocosm.catalog.records`) need no database; what opens one is imported when it is
asked for. A future import would hide the module `annotations` here.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesocosm.catalog.point_in_time import CatalogView, list_moments
    from mesocosm.catalog.recent_predictions import count_unsure, find_unlabelled
    from mesocosm.catalog.store import Catalog

_HOME_OF = {  # where each name is
    "Catalog": "store",
    "CatalogView": "point_in_time",
    "list_moments": "point_in_time",
    "find_unlabelled": "recent_predictions",
    "count_unsure": "recent_predictions",
}

__all__ = ["Catalog", "CatalogView", "list_moments", "find_unlabelled", "count_unsure"]


def __getattr__(name: str) -> object:
    """A name of the catalog, imported now."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'mesocosm.catalog' has no attribute '{name}'")
    value = getattr(import_module(f"mesocosm.catalog.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value
