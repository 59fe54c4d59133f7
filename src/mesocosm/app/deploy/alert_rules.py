"""What is recorded, alerted and drawn of the gateway's metrics: one list for Prometheus, Grafana
and the console. Knows PromQL.
"""

from __future__ import annotations

from mesocosm.core.messages import Message

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
ALERTS: tuple[tuple[str, str, str, str, Message, str], ...] = (
    (
        "MesocosmDown",
        'up{job="mesocosm"} == 0',
        "2m",
        "critical",
        Message("serving.rule.down"),
        "the-gateway-does-not-answer",
    ),
    (
        "MesocosmErrors",
        "mesocosm:errors:share5m > 0.01",
        "5m",
        "critical",
        Message("serving.rule.errors"),
        "requests-fail",
    ),
    (
        "MesocosmSlow",
        "mesocosm:request_seconds:p95_5m > 1",
        "10m",
        "warning",
        Message("serving.rule.slow"),
        "answers-are-slow",
    ),
    (
        "MesocosmDrift",
        "mesocosm_open_alerts > 0",
        "0m",
        "warning",
        Message("serving.rule.drift"),
        "inputs-drift",
    ),
    (
        "MesocosmDriftHarms",
        "mesocosm_drift_harm > 0.02",
        "0m",
        "critical",
        Message("serving.rule.drift_harms"),
        "inputs-drift",
    ),
    (
        "MesocosmWorkerRestarts",
        "increase(mesocosm_worker_restarts_total[15m]) > 3",
        "0m",
        "warning",
        Message("serving.rule.worker_restarts"),
        "workers-die",
    ),
    (
        "MesocosmJournal",
        "mesocosm_journal_bytes > 0",
        "2m",
        "critical",
        Message("serving.rule.journal"),
        "the-catalog-takes-no-records",
    ),
    (
        "MesocosmStaleData",
        "mesocosm_data_age_seconds > 30 * 86400",
        "1h",
        "info",
        Message("serving.rule.stale_data"),
        "data-is-old",
    ),
)

# title, unit, expressions with their legends
PANELS: tuple[tuple[Message, str, tuple[tuple[str, str], ...]], ...] = (
    (Message("serving.panel.requests"), "reqps", (("mesocosm:requests:rate5m", "{{service}}"),)),
    (Message("serving.panel.failed"), "percentunit", (("mesocosm:errors:share5m", "{{service}}"),)),
    (
        Message("serving.panel.time_to_answer"),
        "s",
        (
            ("mesocosm:request_seconds:p50_5m", "{{service}} p50"),
            ("mesocosm:request_seconds:p95_5m", "{{service}} p95"),
        ),
    ),
    (Message("serving.panel.rows_waiting"), "short", (("mesocosm_queue_rows", "{{service}}"),)),
    (Message("serving.panel.rows_of_a_batch"), "short", (("mesocosm_batch_rows", "{{service}}"),)),
    (
        Message("serving.panel.rows_answered_by_version"),
        "reqps",
        (
            (
                "sum by (service, version) (rate(mesocosm_predictions_total[5m]))",
                "{{service}} {{version}}",
            ),
        ),
    ),
    (
        Message("serving.panel.cpu_seconds_for_1_000_rows"),
        "s",
        (("mesocosm:cpu_seconds_per_1000:rate15m", "{{service}}"),),
    ),
    (
        Message("serving.panel.drift_p_value_of_each_feature"),
        "none",
        (("mesocosm_drift_p_value", "{{monitor}} {{feature}}"),),
    ),
    (
        Message("serving.panel.accuracy_lost_by_drift"),
        "percentunit",
        (("mesocosm_drift_harm", "{{monitor}}"),),
    ),
    (
        Message("serving.panel.held_out_quality_of_what_serves"),
        "percentunit",
        (('mesocosm_quality{metric!="rows"}', "{{service}} {{metric}}"),),
    ),
    (
        Message("serving.panel.age_of_the_data"),
        "s",
        (("mesocosm_data_age_seconds", "{{dataset}}"),),
    ),
    (
        Message("serving.panel.workers_replaced"),
        "short",
        (("increase(mesocosm_worker_restarts_total[1h])", "{{service}} {{why}}"),),
    ),
)


def rule_groups(runbook: str) -> dict[str, object]:
    """Recording and alerting rules as Prometheus reads them, in the language of who exports them.

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
            "annotations": {"summary": summary.render(), "runbook_url": f"{runbook}#{heading}"},
        }
        for name, expr, held, severity, summary, heading in ALERTS
    ]
    return {
        "groups": [
            {"name": "mesocosm-recorded", "interval": "15s", "rules": recorded},
            {"name": "mesocosm-alerts", "rules": alerts},
        ]
    }
