"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.book import Book, moments
from mesocosm.catalog.catalog import Catalog

__all__ = ["Book", "Catalog", "moments"]
