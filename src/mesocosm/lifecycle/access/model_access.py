"""A version opened as a net that predicts, and the version that a model starts from.

Knows a version's record and folder, and which kind of net each task makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.learning.model import Model

if TYPE_CHECKING:
    from mesocosm.learning.strategies.domain_adaptation import Taught


def net_of(
    spec: Spec,
    version: Mapping[str, Any],
    open_session: Any = None,
    precision: str = "auto",
    shared: dict[Any, Any] | None = None,
) -> Any:
    """A version, loaded.

    Args:
        open_session: makes a session of a graph's path.
        shared: bases already in memory; what is loaded is put there.

    Raises:
        Failure: a file of it was changed or lost.
    """
    from mesocosm.learning.export.predictor import Version
    from mesocosm.serving.runtimes.onnx import Onnx

    folder = spec.root / ".mesocosm" / version["path"]
    if version["recipe"].get("task") == "text":
        from mesocosm.learning.tasks.generation.version import Bases, Writes

        return Writes(
            folder,
            version["content"],
            spec.root,
            (shared if shared is not None else {}).setdefault("writers", Bases()),
        )
    if version["recipe"].get("task") == "retrieval":
        from mesocosm.learning.tasks.retrieval.version import Finds

        return Finds(
            folder,
            version["content"],
            open_session or Onnx().session,
            shared if shared is not None else {},
        )
    if version["recipe"].get("task") == "tags":
        from mesocosm.learning.tasks.tagging.version import Tagged

        return Tagged(folder, version["content"], open_session or Onnx().session)
    if version["recipe"].get("task") == "ranking":
        from mesocosm.learning.tasks.ranking.version import Ranks

        return Ranks(folder, version["content"])
    return Version(folder, version["content"], open_session or Onnx().session, precision, shared)


def taught_by(spec: Spec, catalog: Catalog, model: Model) -> Taught | None:
    """The version that a model starts from: the last of another model that passed its bounds."""
    if not model.adapts:
        return None
    from mesocosm.learning.strategies.domain_adaptation import taught

    listed = [v for v in catalog.versions(model.adapts) if v["state"] != "refused"]
    if not listed:
        raise Failure(
            f"no version of the model '{model.adapts}' has passed its bounds, so nothing can be"
            " adapted; run 'mesocosm build'"
        )
    return taught(spec.root / ".mesocosm" / listed[-1]["path"], str(listed[-1]["id"]))
