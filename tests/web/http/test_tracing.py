"""Traces reach a collector, and contain no personal data."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.server import Server


class Collector(BaseHTTPRequestHandler):
    """Receives the traces of an exporter."""

    received: list[bytes]

    def do_POST(self) -> None:
        import gzip

        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.received.append(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Silence."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []
    handler = type("Handler", (Collector,), {"received": received})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_is_a_span_of_its_callers_trace(
    tmp_path: Path, collector: tuple[str, list[bytes]]
) -> None:
    endpoint, received = collector
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    line = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1, "sessionId": "secret-b"}
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    with Server(data=tmp_path / "shop", env=env, arguments=["--init"]) as server:
        url = f"{server.url}/api/inventory/reserve?who=secret-query"
        assert httpx.post(url, json=line, headers=headers).status_code == 200
    spans = [
        span
        for body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    (span,) = [span for span in spans if span.name == "POST /api/inventory/reserve"]
    assert span.trace_id.hex() == trace
    attributes = {attribute.key: attribute.value for attribute in span.attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert b"secret" not in b"".join(received)
    assert b"127.0.0.1" not in b"".join(received)
