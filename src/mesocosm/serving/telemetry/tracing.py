"""Traces of requests, from the gateway to the model, exported by OpenTelemetry's protocol where the
environment names a collector.

Knows spans. A span has the route, the service, the version and the status, and nothing that a user
sent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Traces:
    """Creates spans from the scopes of requests.

    Args:
        provider: OpenTelemetry's, which knows where spans go.
    """

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self.tracer = provider.get_tracer("mesocosm")

    def request(self, scope: Scope, status: int, took: float) -> None:
        """Record a span of one request, under the caller's where it names one; beneath it one of
        the prediction, with its time in the queue.
        """
        from opentelemetry import trace
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"traceparent"), "")
        context = None
        if parent:
            context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        end, state = time.time_ns(), scope.get("state", {})
        predicted: Mapping[str, Any] = state.get("prediction", {})
        began = min(end - int(took * 1e9), predicted.get("began", end))
        route = scope.get("fast_route") or getattr(scope.get("route"), "path", "") or "(unknown)"
        service = ""
        if status < 400:
            service = str(scope.get("path_params", {}).get("name", ""))
        about = {
            "http.request.method": scope["method"],
            "http.route": route,
            "http.response.status_code": status,
            "mesocosm.service": service,
            "mesocosm.request": str(state.get("request", "")),
        }
        span = self.tracer.start_span(
            f"{scope['method']} {route}",
            context=context,
            kind=SpanKind.SERVER,
            start_time=began,
            attributes=about,
        )
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        if predicted:
            inner = self.tracer.start_span(
                "predict",
                context=trace.set_span_in_context(span),
                start_time=predicted["began"],
                attributes={
                    "mesocosm.version": predicted["version"],
                    "mesocosm.rows": predicted["rows"],
                },
            )
            inner.end(predicted["ended"])
        span.end(end)

    def close(self) -> None:
        """Send what waits."""
        self.provider.shutdown()


def create_traces(ecosystem: str) -> Traces | None:
    """Create the traces, where the environment names a collector."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME", "mesocosm"),
                "mesocosm.ecosystem": ecosystem,
            }
        )
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)
