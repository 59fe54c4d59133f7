"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.book import Book, moments
from mesocosm.catalog.catalog import Catalog
from mesocosm.catalog.requests import unlabelled, unsure_of

__all__ = ["Book", "Catalog", "moments", "unlabelled", "unsure_of"]
