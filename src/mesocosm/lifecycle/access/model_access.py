"""A version loaded to predict, and the version that a model starts from.

Knows a version's record and folder, and the table of tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mesocosm.catalog import Catalog
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.task import Loading

if TYPE_CHECKING:
    from mesocosm.learning.strategies.domain_adaptation import SourceModel


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
        MesocosmError: a file of it was changed or lost, or its task is not installed.
    """
    from mesocosm.serving.runtimes.onnx import Onnx

    bases: dict[Any, Any] = {}
    if shared is not None:
        bases = shared
    folder, content = spec.root / ".mesocosm" / version["path"], version["content"]
    loading = Loading(spec.root, open_session or Onnx().session, precision, bases)
    return recorded_task(version["recipe"]).load(folder, content, loading)


def load_starting_version(spec: Spec, catalog: Catalog, model: Model) -> SourceModel | None:
    """The version that a model starts from: the last of another model that passed its gates.

    Raises:
        MesocosmError: none has.
    """
    if not model.init_from:
        return None
    from mesocosm.learning.strategies.domain_adaptation import load_source

    listed = [v for v in catalog.versions(model.init_from) if v["state"] != "refused"]
    if not listed:
        raise MesocosmError(Message("lifecycle.no_general_version", model=model.init_from))
    return load_source(spec.root / ".mesocosm" / listed[-1]["path"], str(listed[-1]["id"]))
