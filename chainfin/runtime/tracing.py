"""OpenTelemetry traces, off by default: with CHAINFIN_OTEL_ENDPOINT set and the extra ``traces`` installed, each HTTP
request becomes a span that is sent there (OTLP over HTTP)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from chainfin.errors import BadInput


class Tracing:
    """Makes spans, or does nothing at all."""

    def __init__(self, endpoint: str | None) -> None:
        """Raises BadInput setting_invalid: the extra isn't installed."""
        self._provider: Any = None
        if endpoint is not None:
            self._provider = _provider(endpoint)

    @contextmanager
    def span(self, name: str, **attributes: str) -> Iterator[None]:
        """Within the block: one span. Attributes are ids and route names, as in the log."""
        if self._provider is None:
            yield
            return
        with self._provider.get_tracer("chainfin").start_as_current_span(name, attributes=attributes):
            yield

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()


def _provider(endpoint: str) -> Any:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise BadInput(
            "setting_invalid", "traces need the extra: pip install chainfin[traces]", where="CHAINFIN_OTEL_ENDPOINT"
        ) from error
    resource = Resource.create({"service.name": "chainfin", "service.version": version("chainfin")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider
