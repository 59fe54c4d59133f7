"""What a plugin is written against: the bases of its classes and the helpers that they need.

Contract 1 promises these names. A class of a plugin says which contract it is written for:
`mesocosm_contract: ClassVar[int] = 1`. A change that would break a plugin is a new contract. See
docs/how-to/write-a-plugin.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mesocosm.app.deploy.manifest import Exporter as Exporter
    from mesocosm.app.deploy.manifest import Living as Living
    from mesocosm.core.errors import ConfigValueError as ConfigValueError
    from mesocosm.core.errors import RetryableError as RetryableError
    from mesocosm.core.faults import Fault as Fault
    from mesocosm.core.faults import fault as fault
    from mesocosm.core.files import write_json as write_json
    from mesocosm.core.plugins.entry_points import CONTRACT as CONTRACT
    from mesocosm.core.prediction_form import PredictionForm as PredictionForm
    from mesocosm.core.progress import ProgressEvent as ProgressEvent
    from mesocosm.core.progress import Say as Say
    from mesocosm.core.settings import Collected as Collected
    from mesocosm.core.settings import ProjectPaths as ProjectPaths
    from mesocosm.core.settings import Settings as Settings
    from mesocosm.data.cleaning.missing.imputer import Imputer as Imputer
    from mesocosm.data.cleaning.outliers.detector import OutlierDetector as OutlierDetector
    from mesocosm.data.cleaning.repairs.repair import RepairKind as RepairKind
    from mesocosm.data.pipeline.ibis_sql import Column as Column
    from mesocosm.data.pipeline.ibis_sql import Scalar as Scalar
    from mesocosm.data.pipeline.ibis_sql import cases as cases
    from mesocosm.data.pipeline.ibis_sql import literal as literal
    from mesocosm.data.pipeline.ibis_sql import null as null
    from mesocosm.data.quality.rules.field_names import Of as Of
    from mesocosm.data.quality.rules.rule import Known as Known
    from mesocosm.data.quality.rules.rule import RuleKind as RuleKind
    from mesocosm.data.sources.arrow_ingest import Rows as Rows
    from mesocosm.data.sources.path_utils import files_of as files_of
    from mesocosm.data.sources.path_utils import fingerprint_files as fingerprint_files
    from mesocosm.data.sources.path_utils import name_and_fingerprint as name_and_fingerprint
    from mesocosm.data.sources.path_utils import quote as quote
    from mesocosm.data.sources.source import SourceKind as SourceKind
    from mesocosm.data.types.field import Facts as Facts
    from mesocosm.data.types.field import FieldKind as FieldKind
    from mesocosm.learning.cost.estimate import Job as Job
    from mesocosm.learning.evaluation.metrics import bootstrap_interval as bootstrap_interval
    from mesocosm.learning.evaluation.metrics import check_gates as check_gates
    from mesocosm.learning.fine_tuning.gradient import Gradient as Gradient
    from mesocosm.learning.fine_tuning.layers import freeze as freeze
    from mesocosm.learning.fine_tuning.layers import layers_of as layers_of
    from mesocosm.learning.tasks.row_checks import check_metrics as check_metrics
    from mesocosm.learning.tasks.significance import wilcoxon_p as wilcoxon_p
    from mesocosm.learning.tasks.task import CheckedModel as CheckedModel
    from mesocosm.learning.tasks.task import Leading as Leading
    from mesocosm.learning.tasks.task import Loading as Loading
    from mesocosm.learning.tasks.task import Record as Record
    from mesocosm.learning.tasks.task import ReportTable as ReportTable
    from mesocosm.learning.tasks.task import Task as Task
    from mesocosm.learning.tasks.version_files import read_card as read_card
    from mesocosm.learning.training.context import TrainContext as TrainContext
    from mesocosm.learning.training.context import TrainingData as TrainingData
    from mesocosm.learning.training.context import TrainResult as TrainResult
    from mesocosm.monitoring.drift.detectors.feature_test import FeatureTest as FeatureTest
    from mesocosm.world.elements.element_kind import ElementKind as ElementKind
    from mesocosm.world.elements.view import View as View

_NAMES = {
    "app.deploy.manifest": "Exporter Living",
    "core.errors": "ConfigValueError RetryableError",
    "core.faults": "Fault fault",
    "core.files": "write_json",
    "core.plugins.entry_points": "CONTRACT",
    "core.prediction_form": "PredictionForm",
    "core.progress": "ProgressEvent Say",
    "core.settings": "Collected ProjectPaths Settings",
    "data.cleaning.missing.imputer": "Imputer",
    "data.cleaning.outliers.detector": "OutlierDetector",
    "data.cleaning.repairs.repair": "RepairKind",
    "data.pipeline.ibis_sql": "Column Scalar cases literal null",
    "data.quality.rules.field_names": "Of",
    "data.quality.rules.rule": "Known RuleKind",
    "data.sources.arrow_ingest": "Rows",
    "data.sources.path_utils": "files_of fingerprint_files name_and_fingerprint quote",
    "data.sources.source": "SourceKind",
    "data.types.field": "Facts FieldKind",
    "learning.cost.estimate": "Job",
    "learning.evaluation.metrics": "bootstrap_interval check_gates",
    "learning.fine_tuning.gradient": "Gradient",
    "learning.fine_tuning.layers": "freeze layers_of",
    "learning.tasks.row_checks": "check_metrics",
    "learning.tasks.significance": "wilcoxon_p",
    "learning.tasks.task": "CheckedModel Leading Loading Record ReportTable Task",
    "learning.tasks.version_files": "read_card",
    "learning.training.context": "TrainContext TrainingData TrainResult",
    "monitoring.drift.detectors.feature_test": "FeatureTest",
    "world.elements.element_kind": "ElementKind",
    "world.elements.view": "View",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """A name of the contract; only its own room is imported."""
    if name not in _MODULES:
        raise AttributeError(f"module 'mesocosm.plugins' has no attribute '{name}'")
    found: object = getattr(import_module(f"mesocosm.{_MODULES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted(_MODULES)
