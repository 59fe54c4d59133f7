"""What the training of one version starts from. Knows the file and the catalog; does nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mesocosm.catalog import Catalog
from mesocosm.catalog.rows import SnapshotRow
from mesocosm.config import Spec
from mesocosm.learning.model import Model


@dataclass(frozen=True)
class TrainingJob:
    """What a version is trained from.

    Args:
        spec: the file.
        catalog: where versions and snapshots are listed.
        name: the model's name.
        snapshot: the record of the snapshot it is trained on.
        made: the fingerprint of what it is built from; names checkpoints and the version's folder.
        origin: why it is trained, for its record.
        labelled: labelled requests that are trained on besides.
    """

    spec: Spec
    catalog: Catalog
    name: str
    snapshot: SnapshotRow
    made: str
    origin: str
    labelled: Sequence[Mapping[str, object]] = ()

    @property
    def model(self) -> Model:
        """The model's settings."""
        return self.spec.eco.models[self.name]

    @property
    def store(self) -> Path:
        """The folder `.mesocosm`."""
        return self.spec.root / ".mesocosm"

    @property
    def is_drawn(self) -> bool:
        """Whether the test rows are drawn at random, not named by a source."""
        split = self.snapshot["recipe"].get("split") or {}
        return not isinstance(split.get("test"), str)
