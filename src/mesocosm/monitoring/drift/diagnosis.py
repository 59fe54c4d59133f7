"""A drift found and diagnosed: which inputs drifted, why, the alert's message, and its remediation.

Knows the tests, the diagnosis and what labels show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mesocosm.catalog.contents import (
    AlertDetail,
    AlertPart,
    DiagnosisData,
    DriftedFeature,
    ProbeData,
)
from mesocosm.catalog.records import Diagnosis
from mesocosm.catalog.rows import PredictionRow
from mesocosm.core.messages import Message
from mesocosm.core.values.durations import per_second, seconds
from mesocosm.core.values.numbers import to_int
from mesocosm.monitoring.drift.category_changes import Change
from mesocosm.monitoring.drift.feature_tests import Training, collect_columns, find_drifted
from mesocosm.monitoring.drift.localization import localize_drift
from mesocosm.monitoring.drift.probes import as_json, find_probes
from mesocosm.monitoring.drift.reference import (
    MAX_REFERENCE_ROWS,
    restore_missing,
    to_columns,
    undo_clipping,
)
from mesocosm.monitoring.drift.sentences import describe_drift
from mesocosm.monitoring.drift.source_changes import find_changes
from mesocosm.monitoring.evidence import DriftCase, diagnose_drift
from mesocosm.monitoring.labels.monitor import LabelMonitor
from mesocosm.monitoring.monitor_state import MonitorState
from mesocosm.monitoring.request_stream import RequestStream
from mesocosm.monitoring.settings import Drift
from mesocosm.serving.model_instance import ModelInstance
from mesocosm.serving.requests.fields import Fields
from mesocosm.serving.rollout.transitions import recalibrate

WIDE = 10  # windows that a look back takes in, for shifts that a single one is too small to show
EXPLAINED = 1e-3  # false explanations accepted of a drift that is proven
SHOWN_PREDICTIONS = 20  # ids that an alert keeps
Row = Mapping[str, object]


@dataclass(frozen=True)
class DriftFindings:
    """What drifted.

    Args:
        rows: the logged requests, the newest first.
        live: those rows as they were tested.
        found: the features that drifted, the smallest p-value first.
        changes: changes of fields at their source.
        tested: every p-value, by feature.
    """

    rows: list[PredictionRow]
    live: list[Row]
    found: list[DriftedFeature]
    changes: list[Change]
    tested: Mapping[str, float]

    @property
    def is_empty(self) -> bool:
        """Whether nothing drifted and nothing changed."""
        return not self.found and not self.changes


@dataclass(frozen=True)
class DriftReport:
    """A drift as an alert has it."""

    message: Message
    detail: AlertDetail
    diagnosis: Diagnosis


class DriftDiagnosis:
    """The drift of one monitor's requests."""

    def __init__(self, state: MonitorState, labels: LabelMonitor) -> None:
        self.state, self.labels = state, labels

    @property
    def drift(self) -> Drift:
        """The monitor's settings of drift, which it has."""
        assert self.state.monitor.drift
        return self.state.monitor.drift

    def find_drift(
        self,
        stream: RequestStream,
        now: ModelInstance,
        fresh: list[PredictionRow],
        narrow: bool = False,
    ) -> DriftFindings:
        """Find what drifted in a window or, where that is too small to show it, in many.

        Args:
            fresh: the window's rows.
            narrow: look at the window alone.
        """
        assert now.fields
        findings = self._test_window(fresh, now.fields)
        tested = dict(findings.tested)
        if not narrow and findings.is_empty:
            findings = self._look_back(stream, now, findings)
            for name, p in findings.tested.items():
                tested[name] = min(p, tested.get(name, 1.0))
        if not stream.mark:
            self.state.last |= {
                "p_values": tested,
                "level": self._level() / 4 / max(1, len(tested)),
                "looked_at": self.state.catalog.clock(),
            }
        return findings

    def _look_back(
        self, stream: RequestStream, now: ModelInstance, findings: DriftFindings
    ) -> DriftFindings:
        """Test many windows, where more than one came since the last change."""
        assert now.fields
        rows = self.state.read_requests(WIDE * self.drift.window, stream.changed, stream.mark)
        rows = [r for r in rows if r["version"] == now.version]
        if len(rows) > self.drift.window:
            return self._test_wide_window(rows, now.fields)
        return DriftFindings(rows, findings.live, [], [], {})

    def _test_window(self, rows: list[PredictionRow], fields: Fields) -> DriftFindings:
        """Test a window, texts and images too."""
        reference = self.state.reference
        clean: list[Row] = [r["input"]["clean"] for r in rows]
        live = list(clean)
        if reference.by_direction():
            live = reference.add_directions(clean)
        found, tested = find_drifted(
            reference.tested(),
            collect_columns(live),
            self._level() / 4,
            self.drift.method,
            reference.test_jointly(clean),
        )
        return DriftFindings(rows, live, found, self._find_changes(rows, fields, found), tested)

    def _test_wide_window(self, rows: list[PredictionRow], fields: Fields) -> DriftFindings:
        """Test many windows, by their fields alone."""
        live: list[Row] = [r["input"]["clean"] for r in rows]
        found, tested = find_drifted(
            fields.training, collect_columns(live), self._level() / 4, self.drift.method
        )
        return DriftFindings(rows, live, found, self._find_changes(rows, fields, found), tested)

    def _find_changes(
        self, rows: list[PredictionRow], fields: Fields, found: Sequence[DriftedFeature]
    ) -> list[Change]:
        """Changes at the source; that features drifted is proven, so what explains those needs
        less proof.
        """
        changes = self._test_changes(rows, fields, self._level() / 4)
        if changes or not found:
            return changes
        drifted = {f["feature"] for f in found}
        return [c for c in self._test_changes(rows, fields, EXPLAINED) if c.field in drifted]

    @staticmethod
    def _test_changes(rows: Sequence[PredictionRow], fields: Fields, level: float) -> list[Change]:
        columns = to_columns(restore_missing(rows, fields.training))
        sent = undo_clipping(rows, fields.training)
        return find_changes(fields.training, columns, level, _units_of(fields), sent)

    def _level(self) -> float:
        """False alarms accepted for one look."""
        return per_second(self.drift.false_alarms) * seconds(self.state.monitor.every)

    def describe(
        self, stream: RequestStream, now: ModelInstance, findings: DriftFindings
    ) -> DriftReport:
        """Diagnose what drifted, as an alert's message and detail."""
        assert now.fields
        part = self._localize(findings)
        if part:  # what a part of the rows shows is diagnosed by that part
            findings = self._narrow(findings, part, now.fields)
        found, rows = findings.found, findings.rows
        diagnosis = self._diagnose(stream, now, findings)
        self.state.last["verdict"] = diagnosis.to_json()
        service, changes = self.state.served.name, findings.changes
        message = describe_drift(service, stream.prefix, found, changes, len(rows), part, diagnosis)
        detail: AlertDetail = {
            "by": "inputs",
            "features": found,
            "rows": len(rows),
            "where": part,
            "verdict": cast(DiagnosisData, diagnosis.to_json()),
            "predictions": [r["id"] for r in rows[:SHOWN_PREDICTIONS]],
            "since": min(r["at"] for r in rows),
            "mark": stream.mark,
            "version": now.version,
            "probes": self._probe(now, findings),
        }
        if diagnosis.kind == "concept":
            labelled = to_int(diagnosis.detail["labelled"])
            detail |= {"by": "labels", "gap": diagnosis.harm or 0.0, "rows": labelled}
        return DriftReport(message, detail, diagnosis)

    def _localize(self, findings: DriftFindings) -> AlertPart | None:
        """The part of the rows that holds the drift, where one does."""
        if not findings.found:
            return None
        return localize_drift(
            findings.found[0]["feature"],
            self.state.reference.tested(),
            findings.live,
            self._level() / 2,
            self.drift.method,
        )

    def _narrow(self, findings: DriftFindings, part: AlertPart, fields: Fields) -> DriftFindings:
        """The findings within a part of the rows, of the feature that drifted most."""
        rows, live = _select_part(findings, part)
        worst = findings.found[0]["feature"]
        found, _ = find_drifted(
            self.state.reference.tested(),
            collect_columns(live),
            self._level() / 2,
            self.drift.method,
        )
        found = [f for f in found if f["feature"] == worst] or findings.found
        changes = findings.changes
        # most of the rows alone show nothing that all of them do not
        if changes or part["rows"] <= part["of"] / 2:
            changes = self._test_changes_of(worst, rows, fields) or changes
        return DriftFindings(rows, live, found, changes, findings.tested)

    def _test_changes_of(
        self, name: str, rows: Sequence[PredictionRow], fields: Fields
    ) -> list[Change]:
        """Changes of one field at the source."""
        changes = self._test_changes(rows, fields, self._level())
        return [change for change in changes if change.field == name]

    def _diagnose(
        self, stream: RequestStream, now: ModelInstance, findings: DriftFindings
    ) -> Diagnosis:
        assert now.fields
        sent = None
        if findings.changes:
            columns = undo_clipping(findings.rows[:MAX_REFERENCE_ROWS], now.fields.training)
            sent = columns.get(findings.changes[0].field)
        return diagnose_drift(
            DriftCase(
                found=findings.found,
                training=self.state.reference.tested(),
                live=findings.live[:MAX_REFERENCE_ROWS],
                predict=now.predict,
                held=self.state.reference.rows,
                read_labels=self.labels.labelled(stream, stream.began),
                tolerance=self.drift.max_accuracy_loss,
                level=self._level(),
                units=_units_of(now.fields),
                changes=findings.changes,
                sent=sent,
            )
        )

    def _probe(self, now: ModelInstance, findings: DriftFindings) -> list[ProbeData]:
        directions: Training = {}
        if self.state.reference.directions:
            directions = self.state.reference.directions.training
        probes = find_probes(
            findings.found,
            findings.changes,
            self.state.reference.training(),
            directions,
            self.read_rows(now, findings.rows),
        )
        return as_json(probes)

    def follow(self, stream: RequestStream, diagnosis: Diagnosis) -> None:
        """Trigger the remediation of a diagnosis where the monitor says so."""
        name, acts = self.state.served.name, set(self.state.monitor.on_drift)
        why = str(diagnosis.why)
        remedies = acts & {"retrain", "recalibrate"}
        if stream.mark:
            remedies.discard("recalibrate")  # a drill's rows are no reason to weight classes
        if diagnosis.remedy not in remedies:
            if acts & {"retrain", "recalibrate"}:
                self._record_inaction(stream, diagnosis)
        elif diagnosis.remedy == "recalibrate":
            recalibrate(self.state.catalog, name, diagnosis.weights, self.state.name, why)
        else:
            self.state.retrain(name, f"{stream.prefix}{why}")

    def _record_inaction(self, stream: RequestStream, diagnosis: Diagnosis) -> None:
        """Write to the audit that a diagnosis triggered none of the monitor's remediations."""
        why = f"no action: {stream.prefix}{diagnosis.why}; remedy: {diagnosis.remedy}"
        catalog = self.state.catalog
        with catalog.transaction() as con:
            catalog.write_audit(con, self.state.name, "judge", self.state.served.name, why)

    def read_rows(self, now: ModelInstance, rows: Sequence[PredictionRow]) -> list[Row]:
        """Requests as probes read them: what was missing is None, and texts have their
        directions.
        """
        assert now.fields
        placed = self.state.reference.add_directions([r["input"]["clean"] for r in rows])
        sent = restore_missing(rows, now.fields.training)
        return [{**row, **values} for row, values in zip(placed, sent, strict=True)]


def _select_part(findings: DriftFindings, part: AlertPart) -> tuple[list[PredictionRow], list[Row]]:
    """The logged rows of a part, and those rows as they were tested."""
    rows: list[PredictionRow] = []
    live: list[Row] = []
    for logged, row in zip(findings.rows, findings.live, strict=True):
        if row.get(part["field"]) == part["value"]:
            rows.append(logged)
            live.append(row)
    return rows, live


def _units_of(fields: Fields) -> dict[str, str | None]:
    return {n: f.get("unit") for n, f in fields.fields.items()}
