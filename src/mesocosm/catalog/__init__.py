"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.point_in_time import Book, moments
from mesocosm.catalog.recent_predictions import unlabelled, unsure_of
from mesocosm.catalog.store import Catalog

__all__ = ["Book", "Catalog", "moments", "unlabelled", "unsure_of"]
