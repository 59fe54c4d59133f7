"""What exists: resources, snapshots, model versions, deployments, predictions, alerts, audit."""

from mesocosm.catalog.catalog import Catalog

__all__ = ["Catalog"]
