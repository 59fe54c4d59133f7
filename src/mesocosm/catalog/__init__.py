"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.point_in_time import CatalogView, list_moments
from mesocosm.catalog.recent_predictions import count_unsure, find_unlabelled
from mesocosm.catalog.store import Catalog

__all__ = ["Catalog", "CatalogView", "list_moments", "find_unlabelled", "count_unsure"]
