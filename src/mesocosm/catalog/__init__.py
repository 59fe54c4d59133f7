"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.point_in_time import CatalogView, list_moments
from mesocosm.catalog.recent_predictions import unlabelled, unsure_of
from mesocosm.catalog.store import Catalog

__all__ = ["Catalog", "CatalogView", "list_moments", "unlabelled", "unsure_of"]
