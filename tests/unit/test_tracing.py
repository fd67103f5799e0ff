"""Traces: off by default; switched on, each request of the API leaves as one span, to an address on this machine."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.observe import HEADER, Observe
from chainfin.errors import BadInput
from chainfin.runtime.tracing import Tracing


class _Collector(HTTPServer):
    """Keeps what is sent to it, path and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.taken: list[tuple[str, bytes]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Taker(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        self.server.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing on the screen."""


@pytest.fixture
def collector() -> Iterator[_Collector]:
    with _Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _ask(tracing: Tracing) -> str:
    app = FastAPI()
    app.add_middleware(Observe, metrics=None, tracing=tracing)

    @app.get("/things/{thing_id}")
    def thing(thing_id: str) -> str:
        return thing_id

    return str(TestClient(app).get("/things/secret-text").headers[HEADER])


def test_traces__switched_on__each_request_is_a_span_with_its_id_and_nothing_of_its_path(collector: _Collector) -> None:
    pytest.importorskip("opentelemetry.sdk")
    tracing = Tracing(collector.endpoint)
    first, second = _ask(tracing), _ask(tracing)
    tracing.close()
    assert {path for path, _ in collector.taken} == {"/v1/traces"}
    sent = b"".join(body for _, body in collector.taken)
    messages = importlib.import_module("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    spans = [
        span
        for _, body in collector.taken
        for resource in messages.ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [(span.name, span.attributes[0].value.string_value) for span in spans] == [("http", first), ("http", second)]
    assert b"secret-text" not in sent


def test_traces__off__nothing_is_loaded_or_sent(collector: _Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    tracing = Tracing(None)
    assert _ask(tracing)
    tracing.close()
    assert collector.taken == []
    assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]


def test_traces__the_extra_is_missing__the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(BadInput) as caught:
        Tracing("http://127.0.0.1:9/v1/traces")
    assert (caught.value.code, caught.value.where) == ("setting_invalid", "CHAINFIN_OTEL_ENDPOINT")
