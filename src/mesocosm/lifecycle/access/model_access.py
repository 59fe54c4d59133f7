"""A version loaded to predict, and the version that a model starts from.

Knows a version's record and folder, and the table of tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from mesocosm.catalog import Catalog
from mesocosm.catalog.contents import VersionRecipe
from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.messages import Message
from mesocosm.core.settings import Predictor
from mesocosm.learning.model import Model
from mesocosm.learning.tasks.graph_session import OpenSession
from mesocosm.learning.tasks.registry import recorded_task
from mesocosm.learning.tasks.task import Loading

if TYPE_CHECKING:
    from mesocosm.learning.export.predictor import Version
    from mesocosm.learning.strategies.domain_adaptation import SourceModel


class StoredVersion(TypedDict):
    """What loading needs of a version's record."""

    path: str
    content: str
    recipe: VersionRecipe


def load_version(
    spec: Spec,
    version: StoredVersion,
    open_session: OpenSession | None = None,
    precision: str = "auto",
    shared: dict[object, object] | None = None,
) -> Predictor:
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

    bases: dict[object, object] = {}
    if shared is not None:
        bases = shared
    folder, content = spec.root / ".mesocosm" / version["path"], version["content"]
    loading = Loading(spec.root, open_session or Onnx().session, precision, bases)
    return recorded_task(version["recipe"]).load(folder, content, loading)


def load_row_version(
    spec: Spec, version: StoredVersion, shared: dict[object, object] | None = None
) -> Version:
    """Load a version whose head reads columns: of a task that has classes or is explained.

    Raises:
        MesocosmError: a file of it was changed or lost, or its task is not installed.
    """
    # such tasks load this class, or one that has its attributes
    return cast("Version", load_version(spec, version, shared=shared))


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
