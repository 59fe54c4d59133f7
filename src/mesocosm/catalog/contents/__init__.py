"""What the JSON columns of snapshots, model versions, alerts and rollouts hold. Knows shapes;
reads nothing.

Every key of a report, a metric or a recipe may be missing: what was not measured is not there, and
an earlier version of Mesocosm kept fewer.
"""

from mesocosm.catalog.contents.operations import (
    AlertDetail as AlertDetail,
)
from mesocosm.catalog.contents.operations import (
    AlertPart as AlertPart,
)
from mesocosm.catalog.contents.operations import (
    DiagnosisData as DiagnosisData,
)
from mesocosm.catalog.contents.operations import (
    DriftedFeature as DriftedFeature,
)
from mesocosm.catalog.contents.operations import (
    FieldChange as FieldChange,
)
from mesocosm.catalog.contents.operations import (
    ProbeData as ProbeData,
)
from mesocosm.catalog.contents.operations import (
    RolloutDetail as RolloutDetail,
)
from mesocosm.catalog.contents.operations import (
    read_metric as read_metric,
)
from mesocosm.catalog.contents.snapshots import (
    ChangedCells as ChangedCells,
)
from mesocosm.catalog.contents.snapshots import (
    FieldStatistics as FieldStatistics,
)
from mesocosm.catalog.contents.snapshots import (
    MissingPattern as MissingPattern,
)
from mesocosm.catalog.contents.snapshots import (
    RuleCheck as RuleCheck,
)
from mesocosm.catalog.contents.snapshots import (
    SnapshotFacts as SnapshotFacts,
)
from mesocosm.catalog.contents.snapshots import (
    SnapshotRecipe as SnapshotRecipe,
)
from mesocosm.catalog.contents.snapshots import (
    SnapshotReport as SnapshotReport,
)
from mesocosm.catalog.contents.snapshots import (
    SourceAccount as SourceAccount,
)
from mesocosm.catalog.contents.snapshots import (
    TextStatistics as TextStatistics,
)
from mesocosm.catalog.contents.snapshots import (
    TrainingColumn as TrainingColumn,
)
from mesocosm.catalog.contents.versions import (
    Baseline as Baseline,
)
from mesocosm.catalog.contents.versions import (
    Cost as Cost,
)
from mesocosm.catalog.contents.versions import (
    CostFigures as CostFigures,
)
from mesocosm.catalog.contents.versions import (
    CoveredSlice as CoveredSlice,
)
from mesocosm.catalog.contents.versions import (
    NewClassScores as NewClassScores,
)
from mesocosm.catalog.contents.versions import (
    ScoreComparison as ScoreComparison,
)
from mesocosm.catalog.contents.versions import (
    VersionComparison as VersionComparison,
)
from mesocosm.catalog.contents.versions import (
    VersionMetrics as VersionMetrics,
)
from mesocosm.catalog.contents.versions import (
    VersionRecipe as VersionRecipe,
)
from mesocosm.catalog.contents.versions import (
    WeakSlice as WeakSlice,
)
