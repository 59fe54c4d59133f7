"""What is recorded, alerted and drawn of the gateway's metrics: one list for Prometheus, Grafana
and the console. Knows PromQL.
"""

from __future__ import annotations

RECORDED = {
    "mesocosm:requests:rate5m": "sum by (service) (rate(mesocosm_requests_total[5m]))",
    "mesocosm:errors:share5m": (
        'sum by (service) (rate(mesocosm_requests_total{status="5xx"}[5m])) / sum by (service)'
        " (rate(mesocosm_requests_total[5m]))"
    ),
    "mesocosm:request_seconds:p50_5m": (
        "histogram_quantile(0.5, sum by (service, le) (rate(mesocosm_request_seconds_bucket[5m])))"
    ),
    "mesocosm:request_seconds:p95_5m": (
        "histogram_quantile(0.95, sum by (service, le) (rate(mesocosm_request_seconds_bucket[5m])))"
    ),
    "mesocosm:cpu_seconds_per_1000:rate15m": (
        "1000 * sum by (service) (deriv(mesocosm_worker_cpu_seconds[15m])) / sum by (service)"
        " (rate(mesocosm_predictions_total[15m]))"
    ),
}

# name, expression, how long it must hold, severity, summary, the heading of the runbook
ALERTS: tuple[tuple[str, str, str, str, str, str], ...] = (
    (
        "MesocosmDown",
        'up{job="mesocosm"} == 0',
        "2m",
        "critical",
        "The gateway does not answer.",
        "the-gateway-does-not-answer",
    ),
    (
        "MesocosmErrors",
        "mesocosm:errors:share5m > 0.01",
        "5m",
        "critical",
        "{{ $labels.service }} fails {{ $value | humanizePercentage }} of its requests.",
        "requests-fail",
    ),
    (
        "MesocosmSlow",
        "mesocosm:request_seconds:p95_5m > 1",
        "10m",
        "warning",
        "{{ $labels.service }} takes {{ $value | humanizeDuration }} at the 95th percentile.",
        "answers-are-slow",
    ),
    (
        "MesocosmDrift",
        "mesocosm_open_alerts > 0",
        "0m",
        "warning",
        (
            "{{ $labels.monitor }} has an open alert; 'mesocosm status' shows its diagnosis and"
            " the remediation."
        ),
        "inputs-drift",
    ),
    (
        "MesocosmDriftHarms",
        "mesocosm_drift_harm > 0.02",
        "0m",
        "critical",
        (
            "Drift that {{ $labels.monitor }} sees costs about {{ $value | humanizePercentage }} of"
            " accuracy."
        ),
        "inputs-drift",
    ),
    (
        "MesocosmWorkerRestarts",
        "increase(mesocosm_worker_restarts_total[15m]) > 3",
        "0m",
        "warning",
        (
            "The worker of {{ $labels.service }} was replaced {{ $value | humanize }} times ({{"
            " $labels.why }})."
        ),
        "workers-die",
    ),
    (
        "MesocosmJournal",
        "mesocosm_journal_bytes > 0",
        "2m",
        "critical",
        "The catalog is locked or read-only; {{ $value | humanize1024 }}B wait in the journal.",
        "the-catalog-takes-no-records",
    ),
    (
        "MesocosmStaleData",
        "mesocosm_data_age_seconds > 30 * 86400",
        "1h",
        "info",
        "{{ $labels.dataset }} was last built {{ $value | humanizeDuration }} ago.",
        "data-is-old",
    ),
)

# title, unit, expressions with their legends
PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("Requests", "reqps", (("mesocosm:requests:rate5m", "{{service}}"),)),
    ("Failed", "percentunit", (("mesocosm:errors:share5m", "{{service}}"),)),
    (
        "Time to answer",
        "s",
        (
            ("mesocosm:request_seconds:p50_5m", "{{service}} p50"),
            ("mesocosm:request_seconds:p95_5m", "{{service}} p95"),
        ),
    ),
    ("Rows waiting", "short", (("mesocosm_queue_rows", "{{service}}"),)),
    ("Rows of a batch", "short", (("mesocosm_batch_rows", "{{service}}"),)),
    (
        "Rows answered, by version",
        "reqps",
        (
            (
                "sum by (service, version) (rate(mesocosm_predictions_total[5m]))",
                "{{service}} {{version}}",
            ),
        ),
    ),
    (
        "CPU seconds for 1,000 rows",
        "s",
        (("mesocosm:cpu_seconds_per_1000:rate15m", "{{service}}"),),
    ),
    (
        "Drift, p-value of each feature",
        "none",
        (("mesocosm_drift_p_value", "{{monitor}} {{feature}}"),),
    ),
    ("Accuracy lost by drift", "percentunit", (("mesocosm_drift_harm", "{{monitor}}"),)),
    (
        "Held-out quality of what serves",
        "percentunit",
        (('mesocosm_quality{metric!="rows"}', "{{service}} {{metric}}"),),
    ),
    ("Age of the data", "s", (("mesocosm_data_age_seconds", "{{dataset}}"),)),
    (
        "Workers replaced",
        "short",
        (("increase(mesocosm_worker_restarts_total[1h])", "{{service}} {{why}}"),),
    ),
)


def rule_groups(runbook: str) -> dict[str, object]:
    """Recording and alerting rules as Prometheus reads them.

    Args:
        runbook: the address of the on-call page; each alert points to its heading.
    """
    recorded = [{"record": name, "expr": expr} for name, expr in RECORDED.items()]
    alerts = [
        {
            "alert": name,
            "expr": expr,
            "for": held,
            "labels": {"severity": severity},
            "annotations": {"summary": summary, "runbook_url": f"{runbook}#{heading}"},
        }
        for name, expr, held, severity, summary, heading in ALERTS
    ]
    return {
        "groups": [
            {"name": "mesocosm-recorded", "interval": "15s", "rules": recorded},
            {"name": "mesocosm-alerts", "rules": alerts},
        ]
    }
