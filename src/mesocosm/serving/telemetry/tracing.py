"""Traces of requests, from the gateway to the model, exported by OpenTelemetry's protocol where the
environment names a collector.

Knows spans. A span has the route, the service, the version and the status, and nothing that a user
sent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.types import Scope

from mesocosm.core.values.numbers import to_int

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Traces:
    """Creates spans from the scopes of requests.

    Args:
        provider: OpenTelemetry's, which knows where spans go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self.tracer = provider.get_tracer("mesocosm")

    def request(self, scope: Scope, status: int, took: float) -> None:
        """Record a span of one request, under the caller's where it names one; beneath it one of
        the prediction, with its time in the queue.
        """
        from opentelemetry.trace import SpanKind, Status, StatusCode

        end = time.time_ns()
        state: Mapping[str, object] = scope.get("state", {})
        predicted = state.get("prediction")
        began = end - int(took * 1e9)
        if isinstance(predicted, Mapping):
            began = min(began, to_int(predicted["began"]))
        method, route = str(scope["method"]), _find_route(scope)
        span = self.tracer.start_span(
            f"{method} {route}",
            context=_read_context(scope),
            kind=SpanKind.SERVER,
            start_time=began,
            attributes={
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "mesocosm.service": _find_service(scope, status),
                "mesocosm.request": str(state.get("request", "")),
            },
        )
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        if isinstance(predicted, Mapping):
            self._record_prediction(span, predicted)
        span.end(end)

    def _record_prediction(self, span: Span, predicted: Mapping[str, object]) -> None:
        """Record a span of the prediction beneath that of its request."""
        from opentelemetry import trace

        inner = self.tracer.start_span(
            "predict",
            context=trace.set_span_in_context(span),
            start_time=to_int(predicted["began"]),
            attributes={
                "mesocosm.version": str(predicted["version"]),
                "mesocosm.rows": to_int(predicted["rows"]),
            },
        )
        inner.end(to_int(predicted["ended"]))

    def close(self) -> None:
        """Send what waits."""
        self.provider.shutdown()


def _read_context(scope: Scope) -> Context | None:
    """The caller's context, where a request names one."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    for name, value in scope["headers"]:
        if name == b"traceparent":
            parent = {"traceparent": value.decode("latin-1")}
            return TraceContextTextMapPropagator().extract(parent)
    return None


def _find_route(scope: Scope) -> str:
    """The route of a request, without what stands in its place."""
    return str(scope.get("fast_route") or getattr(scope.get("route"), "path", "") or "(unknown)")


def _find_service(scope: Scope, status: int) -> str:
    """The service of a request that was answered."""
    if status >= 400:
        return ""
    return str(scope.get("path_params", {}).get("name", ""))


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
