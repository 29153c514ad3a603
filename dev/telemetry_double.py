"""An OpenTelemetry collector on one machine: takes spans over OTLP, looks at every part's numbers, keeps the last."""

import argparse
import asyncio
import http.client
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from dev.event_loop import run, run_until_stopped
from dev.http_listener import Answer, HttpListener, Request, listen
from dev.telemetry_numbers import PICTURES, Labels, Look, read
from dev.telemetry_store import Span, TelemetryStore

SECONDS_BETWEEN_LOOKS = 5.0
_SECONDS_TO_ANSWER = 2.0
_PROTOBUF = {"Content-Type": "application/x-protobuf"}
_FAILED = 2  # STATUS_CODE_ERROR of OTLP


class Collector:
    """Answers POST /v1/traces and /v1/metrics (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request)."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store

    async def answer(self, request: Request) -> Answer:
        """What a collector answers."""
        if request.path == "/health":
            return Answer.of_json({"status": "up"})
        if request.method != "POST" or request.path not in ("/v1/traces", "/v1/metrics"):
            return Answer.of_json({"error": "no such address"}, 404)
        if request.path == "/v1/traces":
            self._store.add_spans(spans_of(ExportTraceServiceRequest.FromString(request.body)))
        else:  # the pages ask the parts themselves
            ExportMetricsServiceRequest.FromString(request.body)
        return Answer(200, b"", _PROTOBUF)


def spans_of(exported: Any) -> Iterator[Span]:
    """The spans of an ExportTraceServiceRequest."""
    for resource in exported.resource_spans:
        attributes = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
        service = attributes.get("service.name", "").removeprefix("bloom-")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    service,
                    span.name,
                    span.start_time_unix_nano / 1e9,
                    span.end_time_unix_nano / 1e9,
                    span.status.code == _FAILED,
                    ", ".join(f"{pair.key} {_value(pair.value)}" for pair in span.attributes),
                )


def _value(value: Any) -> object:
    return getattr(value, value.WhichOneof("value") or "string_value")


class Looker:
    """Looks at every part from time to time."""

    def __init__(self, store: TelemetryStore, targets: Mapping[str, str]) -> None:
        self._store, self._targets = store, targets
        self._before: Look | None = None

    async def run(self, every: float) -> None:
        """For ever."""
        while True:
            await self.look()
            await asyncio.sleep(every)

    async def look(self) -> None:
        """Once; what came since the look before is kept as a point of each series."""
        samples: dict[tuple[str, Labels], float] = {}
        pages = await asyncio.gather(*(asyncio.to_thread(_page, url) for url in self._targets.values()))
        for part, page in zip(self._targets, pages, strict=True):
            samples |= read(page, part)
        before, self._before = self._before, Look(time.time(), samples)
        if before is not None:
            after = self._before
            values = ((name, picture.value(before, after)) for name, picture in PICTURES.items())
            self._store.add_points(after.at, [(name, value) for name, value in values if value is not None])


def _page(url: str) -> str:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS_TO_ANSWER)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        page = answer.read().decode()
        return page if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""  # a part that is away has no numbers
    finally:
        connection.close()


async def serve(port: int, store: TelemetryStore) -> HttpListener:
    """Listen; port 0 takes a free one."""
    return await listen(Collector(store).answer, port)


async def _main(arguments: argparse.Namespace) -> None:
    store = TelemetryStore(arguments.store)
    listener = await serve(arguments.port, store)
    targets = dict(target.split("=", 1) for target in arguments.target)
    looking = asyncio.create_task(Looker(store, targets).run(SECONDS_BETWEEN_LOOKS))
    await run_until_stopped()
    looking.cancel()
    await listener.close()
    store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=3090)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--target", action="append", default=[], help="PART=URL of what has GET /metrics")
    run(_main(parser.parse_args()))
