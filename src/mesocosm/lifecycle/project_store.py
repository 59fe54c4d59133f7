"""Where a project is, and its catalog.

Knows the project's folder, the store in it and `MESOCOSM_CATALOG`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mesocosm.config import Spec
from mesocosm.core.settings import ProjectPaths

if TYPE_CHECKING:
    from mesocosm.catalog import Catalog


def locate_project(spec: Spec) -> ProjectPaths:
    """The project's folder and its store."""
    return ProjectPaths(spec.root, spec.root / ".mesocosm")


def open_catalog(spec: Spec) -> Catalog:
    """The ecosystem's catalog: the one that `MESOCOSM_CATALOG` names by a URL, or the file in its
    store.
    """
    from mesocosm.catalog import Catalog

    return Catalog(os.environ.get("MESOCOSM_CATALOG") or locate_project(spec).store)
