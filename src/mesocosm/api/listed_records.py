"""What the catalog of an ecosystem lists, as records. Knows the catalog only."""

from __future__ import annotations

from mesocosm.catalog import Catalog
from mesocosm.catalog.records import (
    Alert,
    Alerts,
    AuditEntry,
    Deployment,
    LoggedPrediction,
    ModelVersion,
    Rollout,
    Snapshot,
)


class ListedRecords:
    """Alerts, audit, versions, deployments, rollouts and predictions of an ecosystem."""

    catalog: Catalog

    def alerts(self, open_only: bool = True, most: int = 200) -> Alerts:
        """The newest alerts of the monitors.

        Args:
            open_only: whether closed ones are left out.
            most: how many, from 1.
        """
        found = self.catalog.alerts(open_only=open_only, most=most)
        return Alerts([Alert.from_json(alert) for alert in found])

    def audit(self, most: int = 200) -> list[AuditEntry]:
        """Who did what and why, the newest first.

        Args:
            most: how many lines, from 1.
        """
        return [AuditEntry.from_json(line) for line in self.catalog.audit(most)]

    def snapshots(self, dataset: str) -> list[Snapshot]:
        """The versions of a dataset with their reports, the oldest first."""
        return [Snapshot.from_json(row) for row in self.catalog.snapshots(dataset)]

    def model_versions(self, model: str) -> list[ModelVersion]:
        """The versions of a model with their metrics, the oldest first."""
        return [ModelVersion.from_json(row) for row in self.catalog.versions(model)]

    def deployments(self, service: str) -> list[Deployment]:
        """What a service runs and ran, the newest first."""
        return [Deployment.from_json(row) for row in self.catalog.deployments(service)]

    def rollouts(self, service: str) -> list[Rollout]:
        """The rollouts of a service, the newest first."""
        return [Rollout.from_json(row) for row in self.catalog.rollouts(service)]

    def predictions(self, service: str, most: int = 100) -> list[LoggedPrediction]:
        """The newest logged predictions of a service, the newest first."""
        return [LoggedPrediction.from_json(row) for row in self.catalog.predictions(service, most)]
