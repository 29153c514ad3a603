"""The way to a collector: OTLP over HTTP, protobuf in the body (https://opentelemetry.io/docs/specs/otlp/#otlphttp)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.error import URLError
from urllib.request import Request, urlopen

SECONDS_TO_TAKE: Final = 2.0


@dataclass(frozen=True)
class Collector:
    """One signal's address, and what the collector wants to be told with it."""

    url: str
    headers: Mapping[str, str]

    def send(self, body: bytes) -> bool:
        """Whether it was taken. Once: what a collector does not take in time is lost, and counted by who sends it."""
        headers = {**self.headers, "Content-Type": "application/x-protobuf"}
        asked = Request(self.url, body, headers)  # noqa: S310 - the setting is http or https
        try:
            with urlopen(asked, timeout=SECONDS_TO_TAKE):  # noqa: S310
                return True
        except (URLError, OSError):
            return False


def headers_of(text: str) -> dict[str, str]:
    """`name=value` pairs, comma-separated, as OTEL_EXPORTER_OTLP_HEADERS has them."""
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in text.split(",")) if name}
