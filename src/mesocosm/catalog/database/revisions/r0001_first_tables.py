"""The tables as release 0.6 made them; a catalog of that release has them already."""

from __future__ import annotations

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: catalogs of 0.6 begin here."""
