"""Traces for OpenTelemetry: one span per request.

The libraries are an extra, `pip install 'fancymonkey[otel]'`. A span has the request and the status
of the answer, and no data of the caller: no address, no body, no query.
"""

from typing import Any

from fancymonkey import __version__
from fancymonkey.errors import ConfigError
from fancymonkey.web.http.messages import Receive, Scope, Send

App = Any


def traced(app: App, endpoint: str) -> App:
    """Wraps the app so that each request sends a span to the collector at `endpoint`.

    Spans continue the trace of the caller (W3C Trace Context). Raises ConfigError without the
    extra.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ConfigError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but its libraries are not installed: pip "
            "install 'fancymonkey[otel]'"
        ) from error
    about = {"service.name": "fancymonkey", "service.version": __version__}
    provider = TracerProvider(resource=Resource.create(about))
    exporter = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Traced(app, provider)


class Traced:
    """An ASGI middleware with spans for requests. Live connections have none: they do not end."""

    def __init__(self, app: App, provider: Any) -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._app = app
        self._provider = provider
        self._tracer = provider.get_tracer("fancymonkey")
        self._extract = TraceContextTextMapPropagator().extract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles a request; recorded spans are sent before the service stops."""
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                self._provider.shutdown()
        elif scope["type"] == "http" and not scope["path"].endswith("/live"):
            await self._span(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _span(self, scope: Scope, receive: Receive, send: Send) -> None:
        from opentelemetry.trace import SpanKind

        carrier = {
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in (b"traceparent", b"tracestate")
        }
        attributes = {"http.request.method": scope["method"], "url.path": scope["path"]}
        name = f"{scope['method']} {scope['path']}"
        with self._tracer.start_as_current_span(
            name, self._extract(carrier), kind=SpanKind.SERVER, attributes=attributes
        ) as span:

            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, noted)
