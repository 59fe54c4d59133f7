"""A version loaded to predict, and the version that a model starts from.

Knows a version's record and folder, and what predicts for each task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.learning.model import Model

if TYPE_CHECKING:
    from mesocosm.learning.strategies.domain_adaptation import Taught


def load_version(
    spec: Spec,
    version: Mapping[str, Any],
    open_session: Callable[..., Any] | None = None,
    precision: str = "auto",
    shared: dict[Any, Any] | None = None,
) -> Any:
    """Load a version.

    Args:
        spec: the file.
        version: its record.
        open_session: makes a session of a graph's path.
        precision: the precision of weights in memory.
        shared: bases already in memory; what is loaded is put there.

    Returns:
        What predicts for the version's task.

    Raises:
        Failure: a file of it was changed or lost.
    """
    from mesocosm.learning.export.predictor import Version
    from mesocosm.serving.runtimes.onnx import Onnx

    folder, content = spec.root / ".mesocosm" / version["path"], version["content"]
    session = open_session or Onnx().session
    bases: dict[Any, Any] = {}
    if shared is not None:
        bases = shared
    match version["recipe"].get("task"):
        case "text":
            from mesocosm.learning.tasks.generation.version import Bases, Writes

            return Writes(folder, content, spec.root, bases.setdefault("writers", Bases()))
        case "retrieval":
            from mesocosm.learning.tasks.retrieval.version import Finds

            return Finds(folder, content, session, bases)
        case "tags":
            from mesocosm.learning.tasks.tagging.version import Tagged

            return Tagged(folder, content, session)
        case "ranking":
            from mesocosm.learning.tasks.ranking.version import Ranks

            return Ranks(folder, content)
        case _:
            return Version(folder, content, session, precision, shared)


def load_starting_version(spec: Spec, catalog: Catalog, model: Model) -> Taught | None:
    """The version that a model starts from: the last of another model that passed its gates.

    Raises:
        Failure: none has.
    """
    if not model.adapts:
        return None
    from mesocosm.learning.strategies.domain_adaptation import taught

    listed = [v for v in catalog.versions(model.adapts) if v["state"] != "refused"]
    if not listed:
        raise Failure(
            f"no version of the model '{model.adapts}' has passed its gates, so there is nothing"
            " to start from; run 'mesocosm build'"
        )
    return taught(spec.root / ".mesocosm" / listed[-1]["path"], str(listed[-1]["id"]))
